from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lipsync_ray.speech.evidence import Habit
from lipsync_ray.speech.model import speech_model
from lipsync_ray.speech.track import NAMES
from lipsync_ray.speech.visemes import model as module
from lipsync_ray.speech.visemes.model import VisemeModel
from lipsync_ray.speech.visemes.weights import load_weights
from tests.speech.visemes.nets import write_weights

RATE = 16000


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Two networks that know nothing, but that must be run right."""
    return VisemeModel(load_weights(write_weights(tmp_path_factory.mktemp("nets") / "two.npz", nets=2)))


def test_it_is_a_model_by_name():
    assert speech_model("visemes").name == "visemes"


@pytest.mark.parametrize("block", [50, 333])
def test_blocks_change_nothing(model, speech, monkeypatch, block):
    whole = model.track(speech)
    monkeypatch.setattr(module, "BLOCK", block)
    cut = model.track(speech)
    for name in NAMES:
        np.testing.assert_allclose(getattr(cut, name), getattr(whole, name), atol=1e-3, err_msg=name)


def test_evidence_is_looked_up_by_time(model, speech, monkeypatch):
    every = model.evidence(speech, np.arange(len(speech) // 160 + 1) / 100)
    assert every.hidden.shape == (len(speech) // 160 + 1, 48)
    assert len(every) == len(every.speech) == len(every.width)
    assert set(np.unique(every.speech)) <= {0.0, 1.0}
    monkeypatch.setattr(module, "BLOCK", 77)
    times = np.array([-1.0, 0.0, 0.503, 0.51, 2.0, 2.3456, len(speech) // 160 / 100, 100.0])
    some = model.evidence(speech, times)
    for name in ("hidden", "aperture", "width"):
        full, found = getattr(every, name)[0:], getattr(some, name)[0:]
        np.testing.assert_allclose(found[3], full[51], atol=1e-4)
        np.testing.assert_allclose(found[2], 0.7 * full[50] + 0.3 * full[51], atol=1e-4)
        np.testing.assert_allclose(found[5], 0.44 * full[234] + 0.56 * full[235], atol=1e-4)
        assert not found[0].any()
        assert not found[7].any()
        assert np.abs(found[6]).max() > 0


def test_hidden_layers_may_be_read_some_at_a_time(model, speech, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 77)
    hidden = model.evidence(speech, np.arange(-5, len(speech) // 160 + 9) / 100).hidden
    whole = hidden[0:]
    assert whole.any()
    for start, stop in ((0, 1), (3, 90), (75, 79), (200, 200), (len(whole) - 20, len(whole) + 5)):
        np.testing.assert_array_equal(hidden[start:stop], whole[start:stop])


def test_what_a_long_sound_takes(model, speech):
    def peak(seconds: int) -> int:
        sound = np.resize(speech, seconds * RATE)
        tracemalloc.start()
        model.track(sound)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    model.track(speech)  # tables that are made once
    assert peak(180) - peak(60) < 120 * 100 * 180  # bytes for every 10 ms


def test_a_habit_changes_the_opening_before_any_rule(model, speech):
    every = model.evidence(speech, np.arange(len(speech) // 160 + 1) / 100)
    rng = np.random.default_rng(0)
    weights = (0.05 * rng.standard_normal(48)).astype(np.float32)
    plain, none = model.track(speech), Habit(aperture_weights=0 * weights, aperture_bias=0.0)
    np.testing.assert_array_equal(model.track(speech, habit=none).aperture, plain.aperture)
    changed = model.track(speech, habit=Habit(aperture_weights=weights, aperture_bias=0.2))
    free = (plain.speech == 1) & (changed.closure < 0.5) & (plain.closure < 0.5)
    wanted = every.aperture + every.hidden[0:] @ weights + 0.2
    assert np.corrcoef(changed.aperture[free], wanted[free])[0, 1] > 0.8
    shut = model.track(speech, habit=Habit(aperture_weights=0 * weights, aperture_bias=-1.0))
    assert (shut.closure[shut.speech == 1] >= 0.5).mean() > 0.9


def test_a_habit_of_other_networks_is_refused(model, speech):
    with pytest.raises(ValueError, match="48"):
        model.track(speech, habit=Habit(aperture_weights=np.zeros(7, np.float32), aperture_bias=0.0))


def test_what_is_read_slice_by_slice_is_the_same(model, speech):
    class Stored:
        def __len__(self) -> int:
            return len(speech)

        def __getitem__(self, wanted: slice) -> np.ndarray:
            return speech[wanted].copy()

    for name in NAMES:
        np.testing.assert_array_equal(
            getattr(model.track(Stored()), name), getattr(model.track(speech), name)
        )


def test_silence_needs_no_network(model):
    silence = np.zeros(RATE, np.float32)
    assert not model.track(silence).speech.any()
    found = model.evidence(silence, np.array([0.2, 0.4]))
    assert found.hidden.shape == (2, 48)
    assert not found.speech.any()
