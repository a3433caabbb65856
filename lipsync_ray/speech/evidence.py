"""What a speech model can tell about a sound beside its mouth track, and what was learnt from that.

Where a video's own speech is heard and its mouth is seen, the two together show this person's habits. The
speech model gives the evidence (this side knows sound), whoever has seen the mouth fits a habit to it, and
the model applies the habit to the new speech.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


class Rows(Protocol):
    """``float32[m, H]`` that can be sliced by rows: an array, or what computes a slice when asked."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        ...

    def __getitem__(self, wanted: slice, /) -> np.ndarray: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the model made of a sound at ``m`` given moments.

    Everything is found at 100 Hz, smoothed as for the mouth track and interpolated linearly, so that it may
    be asked for at frame times, or every 10 ms to try several offsets. Outside the sound everything is 0.

    Attributes:
        hidden: ``float32[m, H]``, last layer of the network (of several networks: side by side), a Gaussian
            average with a deviation of 40 ms. Not standardised: most units lie within -0.2..3. At 100 Hz they
            take 50 kB a second: whoever needs them all reads them some at a time.
        aperture: ``float32[m]``, opening by the model's table before any closure or silence rule and before
            it is stretched to the speaker's range; about -0.4..1.1, see ``visemes.classes``.
        width: ``float32[m]``, likewise, about -1.2..0.7.
        speech: ``float32[m]``, 0 silent, 1 talking; as in ``MouthTrack``.
    """

    hidden: Rows
    aperture: np.ndarray
    width: np.ndarray
    speech: np.ndarray

    def __post_init__(self) -> None:
        size = len(self.aperture)
        if len(self.hidden.shape) != 2 or {self.hidden.shape[0], len(self.width), len(self.speech)} != {size}:
            raise ValueError("evidence must hold one row per moment")

    def __len__(self) -> int:
        return len(self.aperture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How this person's opening differs from the table's: a linear map of the network's last layer.

    The model adds ``hidden @ aperture_weights + aperture_bias`` to ``Evidence.aperture`` (same ``hidden``,
    same units) before the rules for closure and silence; all zero changes nothing.
    """

    aperture_weights: np.ndarray  # float32[H]
    aperture_bias: float
    report: Mapping[str, object] = field(
        default_factory=dict
    )  # seconds of evidence, gain in r, ...: for people

    def __post_init__(self) -> None:
        if self.aperture_weights.ndim != 1 or not np.isfinite(self.aperture_weights).all():
            raise ValueError("a habit needs one finite weight per hidden unit")
        if not np.isfinite(self.aperture_bias):
            raise ValueError(f"a habit needs a finite bias, not {self.aperture_bias}")
