from __future__ import annotations

from types import SimpleNamespace

import articulation
import numpy as np
import pytest
from measures import Follow

from lipsync_ray.speech.track import NAMES, MouthTrack


@pytest.fixture
def person():
    return SimpleNamespace(
        low=np.array([0.005, 0.5, 0.0, 0.0, 0.0, 0.0]),
        mid=np.array([0.08, 0.6, 0.0, 0.0, 0.0, 0.0]),
        high=np.array([0.16, 0.66, 0.0, 0.0, 0.0, 0.0]),
        p99=np.array([0.2, 0.7, 0.0, 0.0, 0.0, 0.0]),
    )


def track(**curves: list[float]) -> MouthTrack:
    return MouthTrack(rate=100.0, **{n: np.array(curves.get(n, [0, 0, 0, 0]), np.float32) for n in NAMES})


def test_what_is_asked_lies_in_the_persons_own_range(person):
    cues = track(aperture=[0, 0.5, 1, 3], width=[-1, 0, 1, 0]).at(np.arange(4) / 100)
    curve = articulation.asked(cues, person)
    np.testing.assert_allclose(curve[:, 0], [0.005, 0.0825, 0.16, 0.25], atol=1e-6)
    np.testing.assert_allclose(curve[:, 1], [0.5, 0.6, 0.66, 0.6], atol=1e-6)


def test_closures_are_asked_for_as_closed(person):
    cues = track(aperture=[1, 1, 1, 1], closure=[0, 1, 0, 0]).at(np.arange(4) / 100)
    assert articulation.asked(cues, person)[:, 0].tolist() == pytest.approx([0.16, 0, 0.16, 0.16])


@pytest.mark.parametrize(
    ("changed", "accepted"),
    [({}, True), ({"r": 0.92}, False), ({"lag": 1}, False), ({"hits": 8}, False), ({"r": np.nan}, False)],
)
def test_the_bar(changed, accepted):
    facts = {"frames": 90, "r": 0.95, "gain": 1.0, "width_r": 0.9, "mae": 0.01, "hits": 9, "closed": 10}
    done = Follow(**{**facts, "lag": 0, **changed})
    row = articulation.Row(source="a", articulation="b", curve="asked", follow=done, flicker=(1.0, 1.0))
    assert row.accepted is accepted
    assert articulation.line(row).endswith("accepted" if accepted else "REFUSED")


def test_the_measured_mouth_is_said_whatever_the_sound():
    measured = track(aperture=[0, 1, 0, 1])
    assert articulation.MeasuredMouth(measured).track(np.zeros(16000, np.float32)) is measured
