from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from lipsync_ray.speech.adapt import averages, learn_habit
from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.evidence import Habit
from lipsync_ray.speech.heard import correlation
from lipsync_ray.speech.shift import Shift
from tests.speech.heard_talker import UNITS, Talker, talker


def habit_of(made: Talker, shift: float = 0.0) -> tuple[Habit | None, dict]:
    habit, report = learn_habit(made.mouth, made.heard, Shift(seconds=shift, r=0.6, speech_s=20.0))
    return habit, dict(report)


def agreement(made: Talker, habit: Habit | None, shift: float = 0.0) -> float:
    evidence = made.heard.evidence
    said = evidence.aperture.astype(float)
    if habit is not None:
        said = said + evidence.hidden @ habit.aperture_weights + habit.aperture_bias
    said = made.heard.at(said, made.mouth.times - shift)
    return correlation(made.mouth.aperture, said, np.ones(len(said)))


@pytest.mark.parametrize("seed", range(3))
def test_a_mouth_of_its_own_is_learnt_and_helps_on_new_speech(seed: int):
    """The speaker's first 20 s teach; their next 20 s judge."""
    whole = talker(40, own=1.0, noise=1.0, shift=0.04, seed=seed)
    first = whole.mouth.times < 20
    seen = replace(whole.mouth, aperture=np.where(first, whole.mouth.aperture, np.nan))
    habit, report = habit_of(replace(whole, mouth=seen), 0.04)
    assert habit is not None
    assert report["used"]
    assert report["r_after"] > report["r_before"] + 0.1
    times, aperture, width = (
        values[~first] for values in (whole.mouth.times, whole.mouth.aperture, whole.mouth.width)
    )
    later = replace(whole, mouth=MeasuredMouth(times=times, aperture=aperture, width=width))
    assert agreement(later, habit, 0.04) > agreement(later, None, 0.04) + 0.1


def test_a_usual_mouth_keeps_the_usual_opening():
    used = [habit_of(talker(20, own=0.0, noise=1.0, seed=seed))[0] is not None for seed in range(10)]
    assert sum(used) <= 1


def test_noise_teaches_nothing():
    for seed in range(10):
        made = talker(20, seed=seed)
        noise = np.random.default_rng(seed).normal(size=len(made.mouth))
        habit, report = habit_of(replace(made, mouth=replace(made.mouth, aperture=0.05 + 0.01 * noise)))
        assert habit is None
        assert not report["used"]


def test_little_speech_teaches_nothing():
    habit, report = habit_of(talker(8, own=1.0))
    assert habit is None
    assert report == {"used": False, "why": "7.48 s of speech, 8 are needed", "speech_s": 7.48}


def test_it_leaves_the_scale_alone():
    """How far a mouth opens is the engine's to know: a person who opens twice as far learns the same."""
    made = talker(20, own=1.0)
    wide = replace(made, mouth=replace(made.mouth, aperture=2 * made.mouth.aperture))
    one, two = habit_of(made)[0], habit_of(wide)[0]
    assert one is not None
    assert two is not None
    assert np.allclose(one.aperture_weights, two.aperture_weights, atol=1e-5)
    hidden = made.heard.evidence.hidden
    added = hidden @ one.aperture_weights + one.aperture_bias
    assert abs(added.mean()) < 0.05
    assert added.std() < 2 * made.heard.evidence.aperture.std()


def test_another_voice_gets_less_of_it():
    made, shift = talker(20, own=1.0, noise=1.0), Shift(seconds=0.0, r=0.6, speech_s=20.0)
    habits = {}
    for same in (True, False):
        habit, report = learn_habit(made.mouth, made.heard, shift, same_voice=same)
        assert habit is not None
        habits[same] = (np.abs(habit.aperture_weights).sum(), report["r_after"], report["ridge_s"])
    assert habits[False][0] < habits[True][0]
    assert habits[True][1] > habits[False][1] > report["r_before"] + 0.03
    assert habits[False][2] > habits[True][2]


def test_equal_evidence_teaches_the_same():
    one, two = (habit_of(talker(20, own=1.0))[0] for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one.aperture_weights == two.aperture_weights).all()
    assert one.aperture_bias == two.aperture_bias


def test_averages_of_a_few_units_are_those_of_all():
    """To the last bit: what is learnt decides which mouths are picked."""
    random = np.random.default_rng(0)
    hidden, weights = random.normal(size=(5001, 50)), random.uniform(0.01, 0.1, 5001)
    assert (averages(hidden, weights) == np.average(hidden, axis=0, weights=weights)).all()
    squares = np.average(hidden**2, axis=0, weights=weights)
    assert (averages(hidden, weights, squared=True) == squares).all()


def test_learning_takes_little_beside_what_it_learns_from():
    made = talker(300, own=1.0)
    tracemalloc.start()
    habit_of(made)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.5 * 8 * 300 * 25 * UNITS
