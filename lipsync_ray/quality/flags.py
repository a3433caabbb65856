"""Where a dub is not as it should be: stretches of frames, what is wrong, how much, and what may help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lipsync_ray.quality.detail import DETAIL_EVERY
from lipsync_ray.quality.figures import Figures, Seen, motion, resting, sharpness
from lipsync_ray.quality.settings import QualitySettings
from lipsync_ray.quality.sync import correlation, shifted
from lipsync_ray.speech.heard import TALKING

TALK_S, STEP_S = 2.0, 0.5  # windows in which agreement is judged
SHARP_S, REST_S = 1.0, 0.5  # windows for sharpness and for motion at rest
LIVELY = 0.03  # IO: talk asks for at least so much opening, or there is nothing to judge
FROZEN = 0.2  # a mouth that moves less than this share of what is asked for stands still
_WHOLE = frozenset({"offset", "closures", "jitter", "outside"})
_LEAST_CLOSED = 8  # closures from which their share is judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that a person should look at."""

    kind: str  # offset, frozen, sync, closures, restless, jitter, seam, soft or outside
    start: int  # output frame
    stop: int  # after its last
    value: float
    limit: float
    text: str  # what is wrong, and what may help

    @property
    def whole(self) -> bool:
        """Whether it is about the dub as a whole, not about these frames more than about others."""
        return self.kind in _WHOLE

    def severity(self) -> float:
        """How far beyond its limit, 1 and more; an early mouth is as bad as a late one."""
        value = abs(self.value) if self.kind == "offset" else self.value
        ratio = value / self.limit if self.limit else 2.0
        return max(ratio, 1 / ratio) if ratio > 0 else 10.0


_HELP = {
    "offset": "the mouth comes {value:+.0f} ms after its sound, beyond the source's own offset; "
    "sync.offset moves it",
    "frozen": "the mouth stands still while the sound talks",
    "sync": "the mouth does not follow the sound (r {value:.2f})",
    "closures": "only {value:.0%} of the sounds that close the lips close them",
    "restless": "the mouth moves ({value:.2f} eye distances a second) while nobody talks",
    "jitter": "the skin around the mouth trembles {value:.1f} times as much as in the source",
    "seam": "the light jumps by {value:.1f} levels between two pieces; a larger chunk.overlap fades longer",
    "soft": "the mouth is {value:.0%} as sharp as the source's; encode.crf, or enhance with neural engines",
    "outside": "outside the face the picture has {value:.1f} dB against the source; a lower encode.crf",
}


def find_flags(seen: Seen, figures: Figures, settings: QualitySettings) -> list[Flag]:
    """All flags of an output, in order of time."""
    found = [
        *_whole(seen, figures, settings),
        *_talk(seen, figures, settings),
        *_windows(seen, settings),
        *_seams(seen, settings),
    ]
    return sorted(found, key=lambda flag: (flag.start, flag.kind))


def _whole(seen: Seen, figures: Figures, settings: QualitySettings) -> Iterator[Flag]:
    """What concerns the whole output."""
    end, sync = len(seen), figures.sync
    change = figures.offset_change_ms
    if change is not None and abs(change) > settings.max_offset_ms and (sync.r or 0) >= settings.min_r:
        yield _flag("offset", 0, end, change, settings.max_offset_ms)
    if sync.closed >= _LEAST_CLOSED and sync.hits < settings.min_closed * sync.closed:
        yield _flag("closures", 0, end, sync.hits / sync.closed, settings.min_closed)
    if figures.jitter is not None and figures.jitter > settings.max_jitter:
        yield _flag("jitter", 0, end, figures.jitter, settings.max_jitter)
    if figures.psnr_outside is not None and figures.psnr_outside < settings.min_psnr:
        yield _flag("outside", 0, end, figures.psnr_outside, settings.min_psnr)


def _talk(seen: Seen, figures: Figures, settings: QualitySettings) -> Iterator[Flag]:
    """Stretches of talk in which the mouth stands still or goes its own way."""
    wish = shifted(seen.aim.wanted[:, 0], seen.times, (figures.sync.offset_ms or 0.0) / 1000)
    talk = seen.drawn & np.isfinite(seen.aperture) & (seen.aim.speech > TALKING)
    frozen, astray = np.zeros(len(seen), bool), np.full(len(seen), np.nan)
    for rows in _spans(seen, 0.5 * TALK_S):
        rows = rows[talk[rows]]
        asked, shown = wish[rows], seen.aperture[rows]
        if len(rows) > 3 and _spread(asked) > LIVELY and _spread(shown) < FROZEN * _spread(asked):
            frozen[rows[0] : rows[-1] + 1] = True
    for rows in _spans(seen, TALK_S):
        rows = rows[talk[rows] & ~frozen[rows]]
        long_enough = len(rows) > 3 and seen.times[rows[-1]] - seen.times[rows[0]] > 0.6 * TALK_S
        if long_enough and _spread(wish[rows]) > LIVELY:
            r = correlation(wish[rows], seen.aperture[rows])
            if not r >= settings.min_r:
                middle = _middle(rows)
                astray[middle[0] : middle[-1] + 1] = np.nan_to_num(r)
    yield from _stretches("frozen", frozen, np.zeros(len(seen)), FROZEN)
    yield from _stretches("sync", np.isfinite(astray), astray, settings.min_r)


def _windows(seen: Seen, settings: QualitySettings) -> Iterator[Flag]:
    """Stretches in which the mouth is soft, or does not rest."""
    sharp, moved, rest = sharpness(seen), motion(seen), resting(seen)
    soft, restless = np.full(len(seen), np.nan), np.full(len(seen), np.nan)
    for rows in _spans(seen, SHARP_S):
        known = rows[np.isfinite(sharp[rows])]
        if (
            len(known) > len(rows) / (2 * DETAIL_EVERY)
            and (middle := float(np.median(sharp[known]))) < settings.min_sharpness
        ):
            soft[_middle(rows)] = middle
    for rows in _spans(seen, REST_S):
        known = rows[rest[rows] & np.isfinite(moved[rows])]
        if len(known) > len(rows) / 2 and (mean := float(moved[known].mean())) > settings.max_rest:
            restless[_middle(rows)] = mean
    yield from _stretches("soft", np.isfinite(soft), soft, settings.min_sharpness)
    yield from _stretches("restless", np.isfinite(restless), restless, settings.max_rest)


def _seams(seen: Seen, settings: QualitySettings) -> Iterator[Flag]:
    for border in seen.borders.tolist():
        value = float(seen.looks.jump[border])
        if value > settings.max_jump:
            yield _flag("seam", max(0, border - 1), border + 1, value, settings.max_jump)


def _spans(seen: Seen, seconds: float) -> Iterator[np.ndarray]:
    """Rows of windows that overlap, from the first frame to the last."""
    starts = np.arange(seen.times[0], max(seen.times[-1] - seconds, seen.times[0]) + STEP_S / 2, STEP_S / 2)
    first = np.searchsorted(seen.times, starts - 1e-6)
    last = np.searchsorted(seen.times, starts + seconds - 1e-6)
    for start, stop in zip(first.tolist(), last.tolist(), strict=True):
        if stop > start:
            yield np.arange(start, stop)


def _middle(rows: np.ndarray) -> np.ndarray:
    """The half of a window that it says most about; neighbours cover the rest."""
    quarter = len(rows) // 4
    return rows[quarter : len(rows) - quarter]


def _spread(values: np.ndarray) -> float:
    low, high = np.percentile(values, (5, 95))
    return float(high - low)


def _stretches(kind: str, flagged: np.ndarray, values: np.ndarray, limit: float) -> Iterator[Flag]:
    edges = np.flatnonzero(np.diff(flagged.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    for start, stop in edges.tolist():
        yield _flag(kind, start, stop, float(np.nanmean(values[start:stop])), limit)


def _flag(kind: str, start: int, stop: int, value: float, limit: float) -> Flag:
    text = _HELP[kind].format(value=value)
    return Flag(kind=kind, start=start, stop=stop, value=round(value, 3), limit=limit, text=text)
