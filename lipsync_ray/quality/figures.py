"""The figures of a dub: what was seen, summed up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lipsync_ray.media.frame import Box
from lipsync_ray.quality.aim import Aim
from lipsync_ray.quality.looks import OUT, SRC, Looks
from lipsync_ray.quality.lse import Lse
from lipsync_ray.quality.sync import Sync, measure_sync

RESTING = 0.1  # share of speech below which a mouth should rest
_LEAST_REST = 10  # frames
STILL = 1.0  # levels: less is not seen, and a picture that stands still would divide by nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One role of a finished output as it was measured, frame by frame."""

    name: str = ""  # of the role, where there are several
    times: np.ndarray  # float64[T] s
    source: np.ndarray  # int64[T] source frame that each output frame shows
    drawn: np.ndarray  # bool[T] frames whose mouth is drawn at full strength
    aim: Aim
    looks: Looks
    borders: np.ndarray  # int64[k] frames that begin another piece of the render, within a shot
    shot: np.ndarray  # int32[T]
    crops: Mapping[int, Box]  # by shot; no entry where nobody speaks
    lse: Lse | None = None  # None: SyncNet was not asked, or had too little to see

    def __len__(self) -> int:
        return len(self.times)

    def crop_of(self, number: int) -> Box | None:
        """The crop that an engine may have changed in an output frame."""
        return self.crops.get(int(self.shot[number]))

    @property
    def aperture(self) -> np.ndarray:
        """Aperture seen in the output, ``float64[T]`` IO, NaN where it is not known."""
        return self.looks.mouth[:, 0].astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One number each; None: there was nothing to measure it on. See docs/quality.md."""

    frames: int
    measured: int  # frames in which the mouth was drawn and detected again
    sync: Sync
    own_offset_ms: float | None  # of the source itself
    offset_change_ms: float | None  # of the dub against the source
    rest_motion: float | None  # IO/s of the mouth where nobody talks
    jitter: float | None  # trembling of the skin around the mouth over the source's own
    jump: float | None  # levels, greatest at a border between pieces
    sharpness: float | None  # of the mouth over the source's, median
    psnr_outside: float | None  # dB, outside the crop
    lse_c: float | None = None  # SyncNet's confidence
    lse_d: float | None = None  # and distance
    lse_offset: int | None = None  # frames at 25 a second
    passed_through: Mapping[str, int] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self) | {"passed_through": dict(self.passed_through)}


def sum_up(seen: Seen, passed_through: Mapping[str, int]) -> Figures:
    """The figures of an output."""
    sync = measure_sync(seen.aim, seen.aperture, seen.times, seen.drawn)
    own = seen.aim.own_offset_ms
    change = None if sync.offset_ms is None else sync.offset_ms - (own or 0.0)
    return Figures(
        frames=len(seen),
        measured=int((seen.drawn & np.isfinite(seen.aperture)).sum()),
        sync=sync,
        own_offset_ms=own,
        offset_change_ms=change,
        rest_motion=_mean(motion(seen)[resting(seen)], least=_LEAST_REST),
        jitter=_jitter(seen),
        jump=_jump(seen),
        sharpness=_median(sharpness(seen)),
        psnr_outside=_psnr(seen.looks.outside),
        lse_c=seen.lse and seen.lse.c,
        lse_d=seen.lse and seen.lse.d,
        lse_offset=seen.lse and seen.lse.offset,
        passed_through=passed_through,
    )


def motion(seen: Seen) -> np.ndarray:
    """How fast the aperture changes, ``float64[T]`` IO/s; NaN where it is not known."""
    steps = np.diff(seen.times, prepend=np.nan)
    return np.abs(np.diff(seen.aperture, prepend=np.nan)) / np.maximum(steps, 1e-3)


def resting(seen: Seen) -> np.ndarray:
    """Frames in which the mouth is drawn and nobody talks, 0.2 s away from any talk, ``bool[T]``."""
    talk = seen.times[seen.aim.speech > RESTING]
    if not len(talk):
        return seen.drawn
    place = np.searchsorted(talk, seen.times)
    before = seen.times - talk[np.clip(place - 1, 0, len(talk) - 1)]
    after = talk[np.clip(place, 0, len(talk) - 1)] - seen.times
    return seen.drawn & (np.minimum(np.abs(before), np.abs(after)) > 0.2)


def sharpness(seen: Seen) -> np.ndarray:
    """Sharpness of each drawn mouth over that of its source frame, ``float64[T]``, NaN elsewhere."""
    detail = seen.looks.detail.astype(np.float64)
    return np.where(seen.drawn, detail[:, OUT] / np.maximum(detail[:, SRC], 1e-6), np.nan)


def _jitter(seen: Seen) -> float | None:
    jerk = seen.looks.jerk[seen.drawn & np.isfinite(seen.looks.jerk).all(axis=1)]
    if len(jerk) < _LEAST_REST:
        return None
    return round(float(np.median(jerk[:, OUT]) / max(float(np.median(jerk[:, SRC])), STILL)), 3)


def _jump(seen: Seen) -> float | None:
    jumps = seen.looks.jump[seen.borders]
    return round(float(np.nanmax(jumps)), 2) if np.isfinite(jumps).any() else None


def _psnr(squared: np.ndarray) -> float | None:
    """Of mean squared differences, dB; 99 for equal pictures."""
    known = squared[np.isfinite(squared)]
    if not len(known):
        return None
    return round(min(99.0, 10 * float(np.log10(255**2 / max(float(known.mean()), 1e-6)))), 2)


def _median(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(np.median(known)), 3) if len(known) else None


def _mean(values: np.ndarray, *, least: int) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), 3) if len(known) >= least else None
