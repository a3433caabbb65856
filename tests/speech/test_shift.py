from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.shift import LIMIT_S, find_shift
from tests.speech.heard_talker import talker


@pytest.mark.parametrize("fps", [24000 / 1001, 25, 60])
@pytest.mark.parametrize("shift", [-0.083, -0.04, 0.0, 0.05, 0.08])
def test_the_shift_is_found_within_5_ms(shift: float, fps: float):
    for seed in range(3):
        made = talker(8, shift=shift, fps=fps, seed=seed)
        found = find_shift(made.mouth, made.heard)
        assert found.believed
        assert found.seconds == pytest.approx(shift, abs=0.005)
        assert found.speech_s == pytest.approx(7.5, abs=0.3)


def test_uneven_frames_and_a_late_start_do_not_move_it():
    made = talker(12, shift=0.06, start=3.7)
    random = np.random.default_rng(1)
    kept = np.sort(random.choice(len(made.mouth), 200, replace=False))
    mouth = MeasuredMouth(
        times=made.mouth.times[kept], aperture=made.mouth.aperture[kept], width=made.mouth.width[kept]
    )
    assert find_shift(mouth, made.heard).seconds == pytest.approx(0.06, abs=0.005)


def test_a_short_clip_must_be_surer_of_a_large_shift():
    errors = []
    for seed in range(20):
        made = talker(2.6, noise=2.5, seed=seed)  # hardly anything can be heard of this mouth
        errors.append(find_shift(made.mouth, made.heard).seconds)
    assert np.median(np.abs(errors)) < 0.04


def test_what_looks_further_off_is_held_to_the_limit():
    made = talker(8, shift=0.16)
    assert find_shift(made.mouth, made.heard).seconds == LIMIT_S


def test_somebody_elses_sound_is_not_believed():
    believed = [
        find_shift(talker(8, seed=seed).mouth, talker(8, seed=seed + 50).heard).believed for seed in range(20)
    ]
    assert sum(believed) <= 2


def test_too_little_to_see_or_hear_is_not_believed():
    made = talker(8)
    few = np.where(np.arange(len(made.mouth)) < 40, made.mouth.aperture, np.nan)  # 1.6 s
    assert not find_shift(replace(made.mouth, aperture=few), made.heard).believed
    none = np.full(len(made.mouth), np.nan)
    assert not find_shift(replace(made.mouth, aperture=none), made.heard).believed
    still = np.full(len(made.mouth), 0.01)
    assert not find_shift(replace(made.mouth, aperture=still), made.heard).believed
    silent = replace(made.heard.evidence, speech=np.zeros(len(made.heard.evidence), np.float32))
    found = find_shift(made.mouth, replace(made.heard, evidence=silent))
    assert (found.believed, found.r, found.speech_s) == (False, 0.0, 0.0)
