"""What an engine must know of one speaker: their face, the range of their mouth, how fast it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection.basis import load_prior
from lipsync_ray.engines.unit_selection.canonical import Reference
from lipsync_ray.engines.unit_selection.descriptor import JAW, LO, PR, SIGMA, UP, A, W
from lipsync_ray.engines.unit_selection.measures import Measures
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings

# How (up, lo, jaw, pr) follow (a, w) in people at large, and the evidence that is worth (30 frames that
# deviate by .05 IO each).
GENERIC_SLOPES: np.ndarray = np.array([[-0.15, 0.62, 0.42, 0.0], [0.0, -0.05, -0.05, -0.05]])
GENERIC_SLOPES.flags.writeable = False
_SLOPE_WEIGHT = 30 * 0.05**2
# A mouth may always change this fast, in sigma per frame: a quiet clip proves no upper limit.
_LEAST_CHANGE = 0.8
TALKS, SILENT = 0.5, 0.1  # own activity: from the first on they talk, up to the second they pause
# A mouth at rest keeps still: this long (s, and frames), within so much (IO). In the short gaps between two
# phrases it is still on its way, or laughs.
_REST_SECONDS, _REST_FRAMES, _REST_RANGE = 0.24, 6, 0.03
# IO: lips hardly apart in a pause are closed lips with a tracker's error, and would show a sliver of teeth.
_PARTED = 0.015


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
    rest_aperture: float  # between sentences; 0 where the lips touch
    rest_width: float  # between sentences
    change_p99: np.ndarray  # float64[6] largest usual |change| from one source frame to the next
    frame_seconds: float  # usual time from one source frame to the next
    layered: bool  # too little mouth to pick units from: draw the inside of the mouth in layers
    frames: int  # usable frames these measures rest on


def build_person(
    measures: Measures,
    times: np.ndarray,
    settings: UnitSelectionSettings,
    own_speech: np.ndarray | None = None,
) -> Person:
    """Sum up a speaker from the measures of their frames.

    Args:
        measures: of the whole video.
        times: ``float64[n]`` s, of the source frames.
        settings: thresholds of the layered mode.
        own_speech: ``float32[n]``, 1 where the speaker is heard talking, 0 where not, NaN where nobody can
            tell; None: not known at all. Their talk alone gives the range, their pauses give the rest.
    """
    known = measures.raw[measures.usable]
    p1, low, mid, high, p99 = np.percentile(_talk(measures, settings, own_speech), [1, 8, 50, 92, 99], axis=0)
    rest = _rest(measures, times, own_speech, low, mid)
    return Person(
        reference=measures.reference,
        nose_y=measures.nose_y,
        mean_descriptor=known.mean(axis=0),
        low=low,
        mid=mid,
        high=high,
        p1=p1,
        p99=p99,
        slopes=fit_slopes(known),
        basis=measures.fit.solve(load_prior()),
        rest_aperture=float(rest[A]) if rest[A] >= _PARTED else 0.0,
        rest_width=float(rest[W]),
        change_p99=_usual_change(measures),
        frame_seconds=float(np.median(np.diff(times))) if len(times) > 1 else 0.04,
        layered=_is_layered(known, settings),
        frames=len(known),
    )


def _talk(measures: Measures, settings: UnitSelectionSettings, own_speech: np.ndarray | None) -> np.ndarray:
    """Descriptors of the frames in which the speaker is heard, of all where those are too few."""
    if own_speech is not None:
        heard = measures.usable & (np.asarray(own_speech) >= TALKS)
        if heard.sum() >= settings.min_frames:
            return measures.raw[heard]
    return measures.raw[measures.usable]


def _rest(
    measures: Measures, times: np.ndarray, own_speech: np.ndarray | None, low: np.ndarray, mid: np.ndarray
) -> np.ndarray:
    """Descriptor of the mouth between sentences: the pauses' median, or a nearly closed middling mouth."""
    rows = np.flatnonzero(_resting(measures, times, own_speech))
    if not len(rows):
        return np.where(np.arange(len(mid)) == A, low, mid)
    rest = np.median(measures.raw[rows], axis=0)
    rest[A] = min(rest[A], mid[A])  # nobody rests with a mouth wider open than in talk
    return rest


def _resting(measures: Measures, times: np.ndarray, own_speech: np.ndarray | None) -> np.ndarray:
    """Frames of pauses in which the mouth keeps still, ``bool[n]``."""
    out = np.zeros(len(measures.usable), bool)
    if own_speech is None or len(times) < 2:
        return out
    silent = measures.usable & (np.asarray(own_speech) <= SILENT)
    span = max(_REST_FRAMES, round(_REST_SECONDS / float(np.median(np.diff(times)))))
    if len(out) < span:
        return out
    aperture = np.lib.stride_tricks.sliding_window_view(measures.raw[:, A], span)
    whole = np.lib.stride_tricks.sliding_window_view(silent, span).all(axis=1)
    for start in np.flatnonzero(whole):
        if np.ptp(aperture[start]) <= _REST_RANGE:
            out[start : start + span] = True
    return out


def fit_slopes(descriptors: np.ndarray) -> np.ndarray:
    """Ridge of (up, lo, jaw, pr) on (a, w) towards the generic slopes: ``float64[2,4]``."""
    centred = descriptors - descriptors.mean(axis=0)
    cause, effect = centred[:, [A, W]], centred[:, [UP, LO, JAW, PR]]
    products = cause.T @ cause + _SLOPE_WEIGHT * np.eye(2)
    return np.linalg.solve(products, cause.T @ effect + _SLOPE_WEIGHT * GENERIC_SLOPES)


def _usual_change(measures: Measures) -> np.ndarray:
    pairs = measures.usable[1:] & measures.usable[:-1]
    steps = np.abs(np.diff(measures.raw, axis=0))[pairs]
    floor = _LEAST_CHANGE * SIGMA
    return np.maximum(np.percentile(steps, 99, axis=0), floor) if len(steps) else floor.copy()


def _is_layered(known: np.ndarray, settings: UnitSelectionSettings) -> bool:
    if settings.layered != "auto":
        return settings.layered == "always"
    small, large = np.percentile(known[:, A], [3, 97])
    return bool(len(known) < settings.min_frames or large - small < settings.min_aperture_range)
