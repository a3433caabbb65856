from __future__ import annotations

import degrade
import numpy as np
import pytest


@pytest.fixture(scope="module")
def sound():
    time = np.arange(3 * degrade.RATE) / degrade.RATE
    tone = 0.2 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 5000 * time)
    return (tone * (time % 1 < 0.6)).astype(np.float32)


@pytest.mark.parametrize("name", degrade.DEGRADATIONS)
def test_the_same_every_time_and_as_long(sound, name):
    worse = degrade.DEGRADATIONS[name](sound)
    assert worse.shape == sound.shape
    assert worse.dtype == np.float32
    assert np.isfinite(worse).all()
    assert not np.array_equal(worse, sound)
    np.testing.assert_array_equal(worse, degrade.DEGRADATIONS[name](sound))


@pytest.mark.parametrize(("name", "snr"), [("music8", 8), ("noise15", 15), ("noise8", 8)])
def test_the_ratio_counts_the_loud_parts(sound, name, snr):
    added = degrade.DEGRADATIONS[name](sound) - sound
    ratio = 20 * np.log10(degrade.level(sound) / np.sqrt(np.square(added).mean()))
    assert ratio == pytest.approx(snr, abs=0.1)
    assert degrade.level(sound) == pytest.approx(np.sqrt(0.5 * (0.2**2 + 0.1**2)), rel=0.02)


def test_a_telephone_has_a_narrow_band(sound):
    power = np.square(np.abs(np.fft.rfft(degrade.telephone(sound))))
    hz = np.fft.rfftfreq(len(sound), 1 / degrade.RATE)
    assert power[hz > 3700].sum() < 1e-6 * power.sum()
    assert power[(hz > 300) & (hz < 600)].sum() > 0.9 * power.sum()


def test_a_room_rings_on_and_moves_nothing():
    click = np.zeros(degrade.RATE, np.float32)
    click[1000] = 1
    wet = degrade.reverb(click)
    assert np.abs(wet).argmax() == 1000
    assert not np.abs(wet[:1000]).max() > 1e-5
    tail = np.square(wet[1001:]).sum()
    assert tail == pytest.approx(0.5, rel=0.01)
    assert np.square(wet[1000 + 8000 :]).sum() < 1e-5
