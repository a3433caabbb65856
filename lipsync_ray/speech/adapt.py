"""How this person opens the mouth, learnt from a video in which they are seen and heard talking.

From 8 s of speech on, a ridge regression finds how the measured opening differs from the one that the speech
model expects. It is kept only if it predicts parts of the clip that it was not fitted on better than the
model alone. How far the mouth opens is not its subject: only the course of the opening is learnt.

What is learnt from one voice does not all hold for another: fitted to 9 s of one clip, the best ridge raised
the agreement from .45 to .68 on parts left out, but lowered that of two other voices, with other mouths, by
.17 and .29. A ten times stronger ridge kept half of the gain and cost the others .04 and .08. So another
voice gets the strongest ridge that keeps half of the gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.evidence import Habit
from lipsync_ray.speech.heard import TALKING, Heard, correlation, frame_seconds
from lipsync_ray.speech.shift import Shift

LEAST_S = 8.0
RIDGES_S = (10.0, 30.0, 100.0, 300.0, 1000.0)  # seconds of speech that the model's own opening is worth
FOLDS, APART_S = 5, 0.3  # parts that are left out in turn, and what is left out beside them
LEAST_R = 0.2  # agreement of the model's own opening: below it there is nothing to correct
LEAST_GAIN = 0.03  # of r on the parts left out
KEPT = 0.5  # of the gain, for another voice
_UNITS = 16  # whose copies are held at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lesson:
    """What a habit is fitted on: frames in which this person is seen and heard talking."""

    times: np.ndarray  # float64[n] s
    hidden: np.ndarray  # float64[n,H] standardised
    expected: np.ndarray  # float64[n] the model's opening
    opening: np.ndarray  # float64[n] measured, 1 = their 85th percentile
    weights: np.ndarray  # float64[n] s
    mean: np.ndarray  # float64[H] of the units before they were standardised
    spread: np.ndarray  # float64[H] likewise

    def rows(self, chosen: np.ndarray) -> _Lesson:
        return replace(
            self,
            times=self.times[chosen],
            hidden=self.hidden[chosen],
            expected=self.expected[chosen],
            opening=self.opening[chosen],
            weights=self.weights[chosen],
        )


def learn_habit(
    mouth: MeasuredMouth, heard: Heard, shift: Shift, *, same_voice: bool = True
) -> tuple[Habit | None, Mapping[str, Any]]:
    """The person's habit, or None where there is too little evidence or nothing is gained; and a report.

    Minimises the squared error of the opening, in seconds of speech, plus a penalty on the departure from
    the model's own opening that is worth 10 to 1000 s. The ridge, and whether there is a gain at all, is
    decided on five parts of the clip that are predicted from the others. ``same_voice`` says whether the
    habit will be used on the voice, and in the recording, that it is learnt from.
    """
    times, aperture, weights = _seen_talking(mouth, heard, shift)
    seconds = round(float(weights.sum()), 2)
    if seconds < LEAST_S:
        why = f"{seconds:g} s of speech, {LEAST_S:g} are needed"
        return None, {"used": False, "why": why, "speech_s": seconds}
    lesson = _lesson(heard, times, aperture, weights)
    before = correlation(lesson.opening, lesson.expected, weights)
    trials = {ridge: _left_out(lesson, ridge) for ridge in RIDGES_S}
    ridge = _chosen(trials, before, same_voice)
    after, better = trials[ridge]
    report = {"speech_s": seconds, "r_before": round(before, 3), "r_after": round(after, 3)}
    report |= {"ridge_s": ridge, "same_voice": same_voice}
    if before < LEAST_R:
        return None, {"used": False, "why": "the model's opening does not agree with the mouth", **report}
    if after < before + LEAST_GAIN or better < FOLDS - 1:
        return None, {"used": False, "why": "predicts parts left out no better than the model", **report}
    slopes, bias = _fit(lesson, np.ones(len(times), bool), ridge)
    slopes, bias = slopes / lesson.spread, bias - lesson.mean @ (slopes / lesson.spread)
    report = {"used": True, **report}
    habit = Habit(aperture_weights=slopes.astype(np.float32), aperture_bias=float(bias), report=report)
    return habit, report


def _seen_talking(
    mouth: MeasuredMouth, heard: Heard, shift: Shift
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments of the sound, opening and weight (s) of the frames in which the mouth is seen to talk."""
    seen = np.isfinite(mouth.aperture)
    times = mouth.times[seen] - shift.seconds
    talking = heard.speech(times) > TALKING
    return times[talking], mouth.aperture[seen][talking], frame_seconds(mouth.times)[seen][talking]


def _lesson(heard: Heard, times: np.ndarray, aperture: np.ndarray, weights: np.ndarray) -> _Lesson:
    hidden = heard.hidden(times)
    mean = averages(hidden, weights)
    hidden -= mean
    spread = np.sqrt(averages(hidden, weights, squared=True))
    spread = np.maximum(spread, 0.05 * spread.mean() + 1e-6)  # a unit that hardly moves is no evidence
    hidden /= spread
    return _Lesson(
        times=times,
        hidden=hidden,
        expected=heard.at(heard.evidence.aperture, times).astype(np.float64),
        opening=aperture / max(float(np.percentile(aperture, 85)), 1e-6),
        weights=weights,
        mean=mean,
        spread=spread,
    )


def averages(hidden: np.ndarray, weights: np.ndarray, *, squared: bool = False) -> np.ndarray:
    """Weighted mean of each unit or of its square, ``float64[H]``; by a few units: each is copied for it."""
    found = np.empty(hidden.shape[1])
    for first in range(0, len(found), _UNITS):
        part = hidden[:, first : first + _UNITS]
        found[first : first + _UNITS] = np.average(part**2 if squared else part, axis=0, weights=weights)
    return found


def _chosen(trials: Mapping[float, tuple[float, int]], before: float, same_voice: bool) -> float:
    best = max(trials, key=lambda ridge: trials[ridge][0])
    if same_voice:
        return best
    enough = before + KEPT * (trials[best][0] - before)
    return max(ridge for ridge in trials if trials[ridge][0] >= enough)


def _fit(whole: _Lesson, chosen: np.ndarray, ridge: float) -> tuple[np.ndarray, float]:
    """Slopes ``[H]`` and bias of what is missing in the expected opening, in its own units.

    Fitted to the rows ``chosen bool[n]``.

    The measured opening is first brought to those units by its regression on the expected one, so that only
    the shape of the curve is learnt: how far the mouth opens is the engine's to know.
    """
    lesson = whole.rows(chosen)
    weights, total = lesson.weights, lesson.weights.sum()
    expected = lesson.expected - weights @ lesson.expected / total
    opening = lesson.opening - weights @ lesson.opening / total
    gain = (weights * expected * opening).sum() / max((weights * expected**2).sum(), 1e-9)
    if gain < 1e-3:
        return np.zeros(lesson.hidden.shape[1]), 0.0
    missing = opening / gain - expected
    mean = weights @ lesson.hidden / total
    hidden = lesson.hidden  # a copy, of which there is no other: that of a long talk is large
    hidden -= mean
    products = hidden.T @ (weights[:, None] * hidden) + ridge * np.eye(hidden.shape[1])
    slopes = np.linalg.solve(products, hidden.T @ (weights * missing))
    return slopes, float(-mean @ slopes)


def _left_out(lesson: _Lesson, ridge: float) -> tuple[float, int]:
    """Correlation over all parts, each predicted from the others, and how many parts got better."""
    done = np.cumsum(lesson.weights)
    fold = np.minimum((FOLDS * (done - lesson.weights) / done[-1]).astype(np.int64), FOLDS - 1)
    predicted, better = lesson.expected.copy(), 0
    for part in range(FOLDS):
        inside = fold == part
        if not inside.any():
            continue
        first, last = lesson.times[inside][[0, -1]]
        others = (lesson.times < first - APART_S) | (lesson.times > last + APART_S)
        slopes, bias = _fit(lesson, others, ridge)
        predicted[inside] += lesson.hidden[inside] @ slopes + bias
        mine = lesson.rows(inside)
        own = correlation(mine.opening, mine.expected, mine.weights)
        better += correlation(mine.opening, predicted[inside], mine.weights) > own
    return correlation(lesson.opening, predicted, lesson.weights), better
