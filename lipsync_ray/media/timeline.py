"""What the output shows when: the one place where picture and sound lengths are reconciled.

The dub and the video rarely have the same length. ``sync.mode`` names who wins; ``V`` is the end of
the video (origin to the end of its last frame), ``A`` the end of the dub (``delay_ms`` included):

========== ======== ======== ==========================================================
mode       A < V    A > V    what is shown
========== ======== ======== ==========================================================
silence    V        V        the video once; the sound is padded with silence or cut
cut_off    A        V        the video once, up to the shorter of the two
loop       A        A        the video again from its first frame, or cut
bounce     A        A        the video backwards and forwards in turn, or cut; the frame
                             at which it turns is shown once, not twice
remap      A        A        the whole video, its times stretched or squeezed by A / V
========== ======== ======== ==========================================================

``fps_mode=source`` keeps the source's own times, however irregular; ``cfr`` then resamples to a
constant rate: each output instant shows the latest frame that has begun by then. A still picture is
a video of ``fps`` (25 unless given) that lasts as long as the sound, in every mode.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

import numpy as np

from lipsync_ray.errors import ConfigError
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.retime import SHAPES, clock, resample

__all__ = ["MODES", "SyncMode", "SyncSettings", "Timeline", "build_timeline"]

logger = logging.getLogger(__name__)

SyncMode = Literal["silence", "cut_off", "loop", "bounce", "remap"]
MODES: tuple[SyncMode, ...] = ("silence", "cut_off", "loop", "bounce", "remap")
WARN_SECONDS = 0.5
MOST_OFFSET_MS = 500.0
_RATE = re.compile(r"\d{1,9}(\.\d{1,9}|/[1-9]\d{0,8})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """How sound and picture are brought to one length, and the output's frame rate.

    ``fps`` is a rate such as ``25`` or ``30000/1001``; with ``fps_mode=source`` it is used for
    stills only. ``delay_ms`` delays the dub, and the mouth with it, against the picture; a negative
    value starts the sound earlier by cutting its beginning. ``offset`` moves the mouth against the
    sound, in ms, positive for a mouth that comes later; ``auto`` keeps what the source itself shows.
    """

    mode: SyncMode = "silence"
    fps_mode: Literal["source", "cfr"] = "source"
    fps: str | None = None
    delay_ms: float = 0.0
    offset: float | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"sync.mode={self.mode}: choose one of {', '.join(MODES)}")
        if self.fps_mode not in ("source", "cfr"):
            raise ConfigError(f"sync.fps_mode={self.fps_mode}: choose source or cfr")
        if self.offset != "auto" and not abs(self.offset) <= MOST_OFFSET_MS:
            raise ConfigError(
                f"sync.offset={self.offset:g}: auto, or milliseconds between -{MOST_OFFSET_MS:g} and "
                f"{MOST_OFFSET_MS:g}; to move the sound together with the mouth use sync.delay_ms"
            )
        self.rate()

    def rate(self) -> Fraction | None:
        """The rate ``fps`` names, in frames per second."""
        if self.fps is None:
            return None
        # Not every fraction that Python knows: 1e999999999 would be worked out, digit by digit.
        text = str(self.fps).strip()
        rate = Fraction(text) if _RATE.fullmatch(text) else Fraction(0)
        if not 1 <= rate <= 1000:
            raise ConfigError(f"sync.fps={text[:40]}: a rate between 1 and 1000 such as 25 or 30000/1001")
        return rate.limit_denominator(100_000)

    @property
    def delay(self) -> Fraction:
        """Seconds by which the dub is delayed."""
        return Fraction(str(self.delay_ms)) / 1000


def build_timeline(table: FrameTable, audio_duration: Fraction, settings: SyncSettings) -> Timeline:
    """Decide times and source frames of the output.

    Args:
        table: the source's frames.
        audio_duration: seconds of the dub.
        settings: the policy.

    Raises:
        ConfigError: nothing of the dub is left after ``delay_ms``.
    """
    sound = Fraction(audio_duration) + settings.delay
    if sound <= 0:
        raise ConfigError(
            f"sync.delay_ms={settings.delay_ms} removes all of the dub ({float(audio_duration):.3f} s)"
        )
    if table.still:
        return _still(sound, settings)
    base = _from_table(table, settings)
    _warn(base.duration, sound, settings)
    shaped = SHAPES[settings.mode](base, sound)
    if settings.fps_mode == "cfr":
        rate = settings.rate() or shaped.nominal_rate
        return resample(shaped, rate)
    return shaped


def _from_table(table: FrameTable, settings: SyncSettings) -> Timeline:
    """The source as it is, counted from the container's zero."""
    tick = table.video.time_base
    shift = round(table.origin / tick)
    # A file cut without re-encoding may begin before its own zero: those frames are shown from zero on.
    shift = min(shift, int(table.pts[0]))
    end = int(table.end_pts) - shift
    return Timeline(
        time_base=tick,
        pts=np.asarray(table.pts, np.int64) - shift,
        source=np.arange(len(table), dtype=np.int64),
        end=end,
        audio_start=settings.delay,
        audio_end=end * tick,
        nominal_rate=table.video.nominal_rate,
    )


def _warn(video: Fraction, sound: Fraction, settings: SyncSettings) -> None:
    gap = float(sound - video)
    if settings.mode == "silence" and abs(gap) > WARN_SECONDS:
        done = f"its last {gap:.2f} s are cut" if gap > 0 else f"{-gap:.2f} s of silence follow it"
        if settings.delay >= video:
            done = "nothing of it is heard"
        logger.warning(
            "the dub (%.2f s%s) is %s than the video (%.2f s): %s; sync.mode=loop, bounce, remap or "
            "cut_off change that",
            float(sound),
            f" with sync.delay_ms={settings.delay_ms:g}" if settings.delay else "",
            "longer" if gap > 0 else "shorter",
            float(video),
            done,
        )


def _still(sound: Fraction, settings: SyncSettings) -> Timeline:
    rate = settings.rate() or Fraction(25)
    tick, step = clock(rate)
    count = max(1, ceil(sound * rate))
    return Timeline(
        time_base=tick,
        pts=step * np.arange(count, dtype=np.int64),
        source=np.zeros(count, np.int64),
        end=step * count,
        audio_start=settings.delay,
        audio_end=sound,
        nominal_rate=rate,
    )
