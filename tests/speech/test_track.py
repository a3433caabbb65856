from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from lipsync_ray.speech.track import NAMES, MouthTrack, at_rest


def track(**curves: np.ndarray) -> MouthTrack:
    count = len(next(iter(curves.values())))
    return MouthTrack(rate=100.0, **{name: curves.get(name, np.zeros(count, np.float32)) for name in NAMES})


def test_values_are_found_by_time_not_by_index():
    ramp = track(aperture=np.linspace(0, 1, 101, dtype=np.float32))
    uneven = np.array([0.0, 0.033, 0.1, 0.1667, 0.5005, 1.0])
    np.testing.assert_allclose(ramp.at(uneven).aperture, uneven, atol=1e-6)


def test_outside_the_track_the_mouth_is_at_rest():
    loud = track(**{name: np.ones(50, np.float32) for name in NAMES if name != "closure"})
    cues = loud.at(np.array([-1.0, -0.011, 0.25, 0.501, 9.0]))
    for name in NAMES[:3]:
        assert getattr(cues, name).tolist() == [0, 0, 1, 0, 0], name


@pytest.mark.parametrize("fps", [24, 24000 / 1001, 25, 30, 50, 60])
@pytest.mark.parametrize("phase", np.linspace(0, 1, 7))
def test_a_closure_of_60_ms_is_seen_on_two_frames_or_more(fps, phase):
    closure = np.zeros(200, np.float32)
    closure[80:86] = 1
    cues = track(closure=closure, aperture=np.ones(200, np.float32)).at(
        (np.arange(int(1.5 * fps)) + phase) / fps
    )
    closed = cues.closure >= 0.5
    assert 2 <= closed.sum() <= 0.06 * fps + 2
    assert (np.diff(np.flatnonzero(closed)) == 1).all()
    assert (cues.aperture[closed] == 0).all()
    assert (cues.aperture[~closed] == 1).all()


def test_one_sample_of_closure_is_never_lost():
    closure = np.zeros(100, np.float32)
    closure[50] = 1
    for fps in (10, 24, 25, 60):
        assert track(closure=closure).at(np.arange(int(fps * 0.9)) / fps).closure.max() == 1


def test_a_single_frame_and_no_frame():
    closed = track(closure=np.ones(10, np.float32))
    assert closed.at(np.array([0.05])).closure.tolist() == [1]
    assert len(closed.at(np.empty(0))) == 0


def test_an_empty_track_is_rest():
    cues = at_rest(0, 100.0).at(np.array([0.0, 1.0]))
    assert all(getattr(cues, f.name).tolist() == [0, 0] for f in fields(cues))
    assert at_rest(0, 100.0).duration == 0


def test_tracks_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="one length"):
        MouthTrack(rate=100.0, **{name: np.zeros(i + 1) for i, name in enumerate(NAMES)})
    with pytest.raises(ValueError, match="not numbers"):
        track(width=np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="ascending"):
        at_rest(5, 100.0).at(np.array([0.1, 0.0]))
