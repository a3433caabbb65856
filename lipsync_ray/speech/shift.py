"""How much later a clip's picture comes than its own sound: up to 0.1 s in either direction is common.

The opening and width that a speech model expects of the source's own sound are held against what is measured
in the source's frames, while somebody talks, at many trial shifts. Loudness alone would not do: its
correlation with the mouth has its peak anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.heard import STEP_S, TALKING, Heard, correlation, frame_seconds

SEARCH_S = 0.2
LIMIT_S = 0.1  # clips are not further off; what looks like more is held to this
LEAST_R, LEAST_S = 0.3, 2.0  # agreement and seconds of speech from which a shift is believed
# Shifts of clips spread about so much. Agreement is worth as much as this many independent looks a second:
# mouths move at up to four openings a second.
USUAL_S, LOOKS = 0.06, 8.0
# Opening, width and "nearly closed" are not independent of each other: together they count as one look.
SHARES = (0.5, 0.25, 0.25)
NEARLY_CLOSED = 0.3  # of the 85th percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How much later a clip's picture comes than its sound."""

    seconds: float  # positive: the mouth moves after its sound
    r: float  # agreement of the opening there
    speech_s: float  # seconds of speech with a measured mouth

    @property
    def believed(self) -> bool:
        """Whether there was enough to see and hear, and it agreed."""
        return self.r > LEAST_R and self.speech_s >= LEAST_S


def find_shift(mouth: MeasuredMouth, heard: Heard) -> Shift:
    """The most likely shift within 0.1 s, to the millisecond.

    Each trial shift is scored by the likelihood of its correlations for opening, width and being nearly
    closed, and by how usual it is: a short clip has to show a large shift more clearly than a long one.
    """
    seen = np.isfinite(mouth.aperture) & np.isfinite(mouth.width)
    times, weights = mouth.times[seen], frame_seconds(mouth.times)[seen]
    trials = STEP_S * np.arange(-round(SEARCH_S / STEP_S), round(SEARCH_S / STEP_S) + 1)
    talking = np.array([heard.speech(times - trial) > TALKING for trial in trials])
    seconds = talking @ weights
    # The same frames at every trial, or one that comes and goes would decide: those at the edge of a talk
    # count by how many trials find them in it.
    inside = (times - SEARCH_S >= heard.start) & (times + SEARCH_S <= heard.stop)
    weights = weights * talking.mean(axis=0) * inside
    agreement = np.zeros((len(trials), 3))
    if np.count_nonzero(weights) > 2:
        shown = _shown(mouth.aperture[seen], mouth.width[seen], weights)
        agreement = np.array([_agreement(heard, times - trial, shown, weights) for trial in trials])
        agreement = np.clip(agreement, 0.0, 0.99)  # a correlation below 0 says nothing
    likely = -0.5 * LOOKS * weights.sum() * np.log1p(-(agreement**2)) @ np.array(SHARES)
    score = likely - 0.5 * (trials / USUAL_S) ** 2
    best = int(score.argmax())
    shift = float(np.clip(_peak(trials, score, best), -LIMIT_S, LIMIT_S))
    r = float(np.interp(shift, trials, agreement[:, 0]))
    return Shift(seconds=round(shift, 3), r=round(r, 3), speech_s=round(float(seconds[best]), 2))


def _shown(aperture: np.ndarray, width: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """Opening (1 = its 85th percentile), width, and how far from closed."""
    usual = float(np.percentile(aperture[weights > 0], 85))
    opening = aperture / max(usual, 1e-6)
    return opening, width, np.clip(opening / NEARLY_CLOSED, 0, 1)


def _agreement(
    heard: Heard, times: np.ndarray, shown: tuple[np.ndarray, ...], weights: np.ndarray
) -> list[float]:
    """Correlations of what is shown and what the sound lets expect."""
    opening = heard.at(heard.evidence.aperture, times)
    expected = (opening, heard.at(heard.evidence.width, times), np.clip(opening / NEARLY_CLOSED, 0, 1))
    return [correlation(one, other, weights) for one, other in zip(shown, expected, strict=True)]


def _peak(trials: np.ndarray, score: np.ndarray, best: int) -> float:
    """Place of the maximum, between the trials by a parabola through three of them."""
    if not 0 < best < len(score) - 1:
        return float(trials[best])
    left, mid, right = score[best - 1 : best + 2]
    bend = left - 2 * mid + right
    return float(trials[best] + (0.5 * STEP_S * (left - right) / bend if bend < 0 else 0.0))
