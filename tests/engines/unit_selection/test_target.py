from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lipsync_ray.engines.unit_selection.person import Person, build_person
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.unit_selection.target import (
    LABIODENTAL,
    PURSED,
    Habit,
    ceiling,
    fit_habit,
    limit_change,
    read_articulation,
    towards_measured,
    wanted,
)
from lipsync_ray.speech.track import MouthCues
from tests.engines.unit_selection.talker import cues, measured, speechlike, talk

TRACK = arrays(np.float64, 40, elements=st.floats(0, 0.3))


@pytest.fixture(scope="module")
def speaker() -> tuple[Person, Habit, np.ndarray]:
    found = measured(talk(*speechlike(300)))
    person = build_person(found, np.arange(300) / 25, UnitSelectionSettings())
    return person, fit_habit(found.raw), found.raw


def aim(speaker, given: MouthCues, fps: float = 25.0) -> np.ndarray:
    person, habit, _ = speaker
    return wanted(given, person, habit, np.arange(len(given)) / fps)


def test_full_aperture_is_the_persons_own(speaker):
    out = aim(speaker, cues(20, aperture=1.0))
    assert np.allclose(out[:, 0], speaker[0].high[0])


def test_lips_that_must_touch_get_nothing_but_zero(speaker):
    closure = np.zeros(30)
    closure[[4, 15, 16]] = 0.5, 1.0, 1.0
    out = aim(speaker, cues(30, aperture=1.0, closure=closure))
    assert (out[[4, 15, 16], 0] == 0).all()
    assert (out[[0, 10, 25], 0] > 0.05).all()


def test_nothing_jumps_faster_than_the_person_does(speaker):
    person = speaker[0]
    aperture = np.tile([0.0, 0.0, 2.0, 2.0, 0.0, 1.0], 10)
    closure = np.tile([0, 0, 0, 0, 1.0, 0], 10)
    out = aim(speaker, cues(60, aperture=aperture, width=-aperture / 2, closure=closure))
    steps = np.abs(np.diff(out[:, :2], axis=0))
    assert (steps <= person.change_p99[:2] + 1e-9).all()
    assert (out[closure > 0, 0] == 0).all()


def test_twice_the_frames_may_each_change_half_as_much(speaker):
    aperture = np.tile([0.0] * 5 + [1.5] * 5, 6)
    steps = [np.abs(np.diff(aim(speaker, cues(60, aperture=aperture), fps)[:, 0])).max() for fps in (25, 50)]
    assert steps[1] == pytest.approx(steps[0] / 2, rel=0.05)


def test_pauses_show_the_person_at_rest(speaker):
    out = aim(speaker, cues(12, speech=0.0, width=0.7))
    assert np.allclose(out[:, 0], speaker[0].rest_aperture)
    assert np.allclose(out[:, 1], speaker[0].rest_width)


def test_rounding_narrows_the_mouth_and_brings_it_forward(speaker):
    flat, round_ = aim(speaker, cues(9, aperture=0.4)), aim(speaker, cues(9, aperture=0.4, rounding=1.0))
    person = speaker[0]
    assert np.allclose(round_[:, 1], person.mid[1] - 0.75 * (person.mid[1] - person.low[1]))
    assert (flat[:, 1] > round_[:, 1]).all()
    assert (round_[:, 5] >= flat[:, 5]).all()


def test_half_rounded_lips_keep_the_width_they_are_told(speaker):
    widths = [aim(speaker, cues(9, width=0.2, rounding=r))[:, 1] for r in (0.0, 0.5)]
    assert np.allclose(*widths)


def test_pursed_lips_leave_a_hole_but_touch_for_a_closure(speaker):
    out = aim(speaker, cues(9, rounding=1.0, width=-0.75, closure=np.eye(9)[4]))
    assert np.allclose(out[[0, 8], 0], PURSED)
    assert out[4, 0] == 0


@pytest.mark.parametrize("aperture", [0.0, 0.3, 1.0])
def test_labiodentals_are_nearly_closed_but_do_not_touch(speaker, aperture):
    out = aim(speaker, cues(9, aperture=aperture, labiodental=1.0))
    assert (out[:, 0] >= LABIODENTAL[0]).all()
    assert (out[:, 0] <= LABIODENTAL[1]).all()


def test_cues_above_one_stay_within_the_persons_own_range(speaker):
    person = speaker[0]
    assert aim(speaker, cues(9, aperture=1.2))[:, 0].min() > person.high[0]
    assert aim(speaker, cues(9, aperture=9.0))[:, 0].max() <= 1.1 * person.p99[0] + 0.01 + 1e-9


def test_the_rest_of_the_mouth_follows_the_persons_habit(speaker):
    out = aim(speaker, cues(40, aperture=np.linspace(0, 1.2, 40)))
    raw = speaker[2]
    slope = np.polyfit(raw[:, 0], raw[:, 3], 1)[0]
    assert np.polyfit(out[:, 0], out[:, 3], 1)[0] == pytest.approx(slope, rel=0.1)


def test_wishes_stay_near_the_persons_range(speaker):
    person = speaker[0]
    out = aim(speaker, cues(20, aperture=50.0, width=30.0))
    slack = 0.25 * (person.p99 - person.p1) + 0.02
    assert (out <= person.p99 + slack).all()
    assert (out >= np.minimum(person.p1, 0) - slack).all()


def test_another_speakers_articulation_is_read_into_the_persons_range(speaker):
    person, habit, raw = speaker
    given = MouthCues(**read_articulation(raw, person))
    out = wanted(given, person, habit, np.arange(len(raw)) / 25)
    assert np.corrcoef(out[:, 0], raw[:, 0])[0, 1] > 0.99
    assert np.abs(out[:, 0] - raw[:, 0]).mean() < 0.006
    assert np.abs(out[:, 1] - raw[:, 1]).mean() < 0.004


def test_a_still_opens_in_absolute_measures():
    found = measured(talk(np.full(1, 0.02)))
    person = build_person(found, np.zeros(1), UnitSelectionSettings())
    aperture = np.array([0, 0.5, 1.0, 5.0, 0.0])
    given = cues(5, aperture=aperture, closure=[0, 0, 0, 0, 1])
    out = wanted(given, person, fit_habit(found.raw), np.arange(5) / 5)
    assert np.allclose(out[:, 0], [0, 0.065, 0.13, 0.16, 0])
    lower = out[:, 3] - person.mid[3]
    assert np.allclose(lower, 0.62 * (out[:, 0] - person.mid[0]), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(track=TRACK, limit=st.floats(0.005, 0.1))
def test_a_limited_track_keeps_its_limit_and_what_kept_it_already(track, limit):
    out = limit_change(track, np.full(40, limit))
    assert (np.abs(np.diff(out)) <= limit + 1e-9).all()
    assert track.min() - 1e-9 <= out.min()
    assert out.max() <= track.max() + 1e-9
    assert np.allclose(limit_change(out, np.full(40, limit)), out)


def test_a_limited_step_stays_where_it_was():
    step = np.repeat([0.0, 0.2], 20)
    out = limit_change(step, np.full(40, 0.02))
    assert (out[19] + out[20]) / 2 == pytest.approx(0.1)


def test_one_frame_between_closures_does_not_flash_open():
    touching = np.array([True, False, True, False, False, True])
    np.testing.assert_allclose(ceiling(touching, np.full(6, 0.1)), [0, 0.05, 0, 0.1, 0.1, 0])


def test_the_ceiling_comes_down_in_time():
    touching = np.zeros(9, bool)
    touching[4] = True
    assert np.allclose(ceiling(touching, np.full(9, 0.1))[1:8], [0.3, 0.2, 0.1, 0, 0.1, 0.2, 0.3])
    assert np.isinf(ceiling(np.zeros(3, bool), np.full(3, 0.1))).all()


def test_gates_lead_to_what_the_frame_shows():
    target, shown = np.full((3, 6), 2.0), np.array([[1.0] * 6, [1.0] * 6, [np.nan] * 6])
    out = towards_measured(target, shown, np.array([0.25, 0.0, 0.5], np.float32))
    assert np.allclose(out[:, 0], [1.25, 1.0, 2.0])
