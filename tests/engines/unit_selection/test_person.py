from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lipsync_ray.engines.unit_selection.measures import BLOCK, REFERENCE_FRAMES, find_reference, measure
from lipsync_ray.engines.unit_selection.person import GENERIC_SLOPES, build_person, fit_slopes
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.errors import ConfigError
from tests.engines.unit_selection.talker import measured, speechlike, talk

DEFAULTS = UnitSelectionSettings()


def person_of(aperture, width=None):
    talker = talk(aperture, width)
    return build_person(measured(talker), np.arange(len(aperture)) / 25, DEFAULTS)


def test_measures_are_those_of_the_moving_face():
    aperture, width = speechlike(300)
    found = measured(talk(aperture, width))
    assert np.abs(found.raw[:, 0] - aperture).max() < 0.01
    assert np.corrcoef(found.raw[:, 1], width)[0, 1] > 0.99
    assert np.abs(found.steady - found.raw).max() < 0.06


def test_ranges_are_percentiles():
    aperture, width = speechlike(400)
    person = person_of(aperture, width)
    assert person.low[0] == pytest.approx(np.percentile(aperture, 8), abs=0.005)
    assert person.high[0] == pytest.approx(np.percentile(aperture, 92), abs=0.01)
    assert person.frames == 400
    assert person.frame_seconds == pytest.approx(0.04)
    assert not person.layered


def test_talk_gives_the_range_and_pauses_the_rest():
    aperture, width = speechlike(400)
    aperture[300:], width[300:] = 0.03, width.max()
    found, times = measured(talk(aperture, width)), np.arange(400) / 25
    heard = np.arange(400) < 300
    person = build_person(found, times, DEFAULTS, heard.astype(np.float32))
    assert person.high[0] == pytest.approx(np.percentile(aperture[:300], 92), abs=0.01)
    assert person.rest_aperture == pytest.approx(np.median(found.raw[300:, 0]))
    assert person.rest_width == pytest.approx(np.median(found.raw[300:, 1]))


@pytest.mark.parametrize("silent", [5, 400])
def test_too_little_pause_or_talk_tells_nothing(silent):
    found, times = measured(talk(*speechlike(400))), np.arange(400) / 25
    heard = (np.arange(400) >= silent).astype(np.float32)
    told, untold = build_person(found, times, DEFAULTS, heard), build_person(found, times, DEFAULTS)
    if silent < 6:
        assert told.rest_width == told.mid[1]
    else:
        assert told.high[0] == untold.high[0]


def test_a_mouth_that_moves_in_a_pause_is_not_at_rest():
    aperture = np.concatenate([speechlike(100)[0], np.tile([0.02, 0.05, 0.08, 0.05], 10)])
    found, heard = measured(talk(aperture)), (np.arange(140) < 100).astype(np.float32)
    person = build_person(found, np.arange(140) / 25, DEFAULTS, heard)
    assert person.rest_width == person.mid[1]
    assert person.rest_aperture == 0


def test_nobody_rests_with_a_mouth_wider_open_than_in_talk():
    aperture = np.concatenate([speechlike(100)[0], np.full(40, 0.2)])
    found, heard = measured(talk(aperture)), (np.arange(140) < 100).astype(np.float32)
    person = build_person(found, np.arange(140) / 25, DEFAULTS, heard)
    assert person.rest_aperture == pytest.approx(person.mid[0])


def test_lips_that_hardly_part_in_pauses_touch():
    aperture = np.concatenate([speechlike(100)[0], np.full(40, 0.01)])
    found = measured(talk(aperture))
    person = build_person(found, np.arange(140) / 25, DEFAULTS, (np.arange(140) < 100).astype(np.float32))
    assert person.rest_aperture == 0


def test_landmarks_are_loaded_in_blocks():
    talker, asked = talk(*speechlike(1500)), []

    def load(frames):
        asked.append(len(frames))
        return talker.load(frames)

    everywhere = np.ones(1500, bool)
    measure(load, everywhere, everywhere, np.zeros(1500, np.int32))
    assert asked[0] <= REFERENCE_FRAMES
    assert max(asked[1:]) <= BLOCK


def test_unusable_frames_are_measured_but_do_not_count():
    aperture, width = speechlike(200)
    aperture[100:] = 0.3
    talker, usable = talk(aperture, width), np.arange(200) < 100
    found = measure(talker.load, np.ones(200, bool), usable, np.zeros(200, np.int32))
    person = build_person(found, np.arange(200) / 25, DEFAULTS)
    assert np.isfinite(found.raw).all()
    assert person.p99[0] < 0.25
    assert person.frames == 100


def test_no_usable_frame_is_said():
    talker = talk(np.full(5, 0.1))
    with pytest.raises(ValueError, match="no usable face"):
        measure(talker.load, np.ones(5, bool), np.zeros(5, bool), np.zeros(5, np.int32))


@pytest.mark.parametrize(
    ("aperture", "layered"),
    [
        (np.full(1, 0.05), True),  # a still
        (np.full(200, 0.01), True),  # somebody who never speaks
        (speechlike(30)[0], True),  # too few frames
        (speechlike(200)[0], False),
    ],
)
def test_who_is_drawn_in_layers(aperture, layered):
    assert person_of(aperture).layered is layered


def test_the_layered_mode_can_be_chosen():
    found, times = measured(talk(*speechlike(60))), np.arange(60) / 25
    assert build_person(found, times, UnitSelectionSettings(layered="always")).layered
    still = measured(talk(np.full(1, 0.05)))
    assert not build_person(still, times[:1], UnitSelectionSettings(layered="never")).layered


def test_slopes_lean_on_people_at_large_until_there_is_evidence():
    flat = np.zeros((50, 6))
    assert np.allclose(fit_slopes(flat), GENERIC_SLOPES)
    rng = np.random.default_rng(0)
    moving = rng.normal(size=(5000, 6)) * 0.05
    moving[:, 3] = 0.9 * moving[:, 0]
    assert fit_slopes(moving)[0, 1] == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    "wrong", [{"layered": "maybe"}, {"candidates": 0}, {"max_yaw": 0.0}, {"join_cost": -1.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        UnitSelectionSettings(**wrong)


def test_of_one_block_nothing_is_held_while_the_next_is_measured():
    """Faces as doubles are 11 kB each: two blocks of them at a time would be most of what preparing takes."""
    talker = talk(*speechlike(300))
    count = 3 * BLOCK

    def load(frames: np.ndarray) -> np.ndarray:
        return talker.landmarks[frames % 300]

    every = np.ones(count, bool)
    reference = find_reference(load, np.arange(count) < 300)
    tracemalloc.start()
    measure(load, every, every, np.zeros(count, np.int32), reference)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3.2 * BLOCK * 468 * 3 * 8


def test_a_median_face_holds_a_part_of_the_shapes_at_a_time():
    """All of them as doubles, and once more while they are turned, would be the most that preparing takes."""
    talker = talk(*speechlike(300))
    faces = talker.landmarks[np.arange(REFERENCE_FRAMES) % 300]
    tracemalloc.start()
    find_reference(lambda frames: faces[frames], np.ones(REFERENCE_FRAMES, bool))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * REFERENCE_FRAMES * 468 * 3 * 8
