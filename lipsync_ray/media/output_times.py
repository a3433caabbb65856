"""The output's frames in time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lipsync_ray.errors import PlanError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """Every output frame: when it is shown and which source frame it is.

    ``pts`` are ticks of ``time_base`` after the start of the output, strictly increasing; the first
    is not 0 where the source's first picture comes later than its sound.
    """

    time_base: Fraction
    pts: np.ndarray  # int64[m] ticks
    source: np.ndarray  # int64[m] source frame shown
    end: int  # tick at which the last frame ends
    audio_start: Fraction  # seconds: when the first sample of the dub is heard (negative: cut)
    audio_end: Fraction  # seconds: length of the delivered sound
    nominal_rate: Fraction  # frames per second, for codecs and display; never for time
    stretch: Fraction = Fraction(1)  # output seconds per second of the source (sync.mode=remap)

    def __post_init__(self) -> None:
        if len(self.pts) == 0 or len(self.pts) != len(self.source):
            raise PlanError(f"a timeline of {len(self.pts)} times for {len(self.source)} frames")
        if np.any(np.diff(self.pts) <= 0) or self.pts[-1] >= self.end:
            raise PlanError(f"times do not rise strictly up to the end at tick {self.end}")

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def duration(self) -> Fraction:
        """Seconds from the start of the output to the end of its last frame."""
        return self.end * self.time_base

    def times(self) -> np.ndarray:
        """Presentation times, ``float64[m]`` in seconds."""
        return self.pts * (self.time_base.numerator / self.time_base.denominator)

    def durations(self) -> np.ndarray:
        """How long each frame is shown, ``int64[m]`` in ticks."""
        return np.diff(self.pts, append=self.end)

    def breaks(self) -> np.ndarray:
        """``bool[m]``: the picture jumps here, nothing may be smoothed across.

        True for the first frame, and where the source steps by more than twice its usual step: at the turn
        of a loop, but not where a constant rate shows only every second or third source frame.
        """
        steps = np.abs(np.diff(self.source))
        usual = max(1.0, float(np.median(steps))) if len(steps) else 1.0
        return np.concatenate([[True], steps > 2 * usual])
