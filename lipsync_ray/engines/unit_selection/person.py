"""What an engine must know of one speaker: their face, the range of their mouth, how fast it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canonical import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A speaker's own measures; descriptors are in the order of `descriptor.NAMES`, lengths in IO."""

    reference: Reference
    nose_y: float  # mean height of landmark 2, the zero of all heights
    mean_descriptor: np.ndarray  # float64[6]
    low: np.ndarray  # float64[6] 8th percentile
    mid: np.ndarray  # float64[6] median
    high: np.ndarray  # float64[6] 92nd percentile
    p1: np.ndarray  # float64[6]
    p99: np.ndarray  # float64[6]
    slopes: np.ndarray  # float64[2,4]: (up, lo, jaw, pr) per unit of (a, w)
    basis: np.ndarray  # float64[6,468,3] displacement per unit of each descriptor
    rest_aperture: float  # between sentences
    change_p99: np.ndarray  # float64[6] largest usual |change| from one source frame to the next
    frame_seconds: float  # usual time from one source frame to the next
    layered: bool  # too little mouth to pick units from: draw the inside of the mouth in layers
    frames: int  # usable frames these measures rest on
