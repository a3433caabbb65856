from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.quality.skin import Skin
from tests.quality.faces import lighter, poses, reference, textured


def test_light_follows_the_picture_and_a_steady_change_is_no_jerk() -> None:
    skin, seen = Skin(reference()), poses(4)
    found = [skin.take(lighter(textured(), 5 * row), seen, row) for row in range(4)]
    light, jerk = np.array(found).T
    np.testing.assert_allclose(np.diff(light), 5, atol=1e-3)
    assert np.isnan(jerk[:2]).all()
    np.testing.assert_allclose(jerk[2:], 0, atol=1e-3)


def test_a_flicker_is_a_jerk() -> None:
    skin, seen = Skin(reference()), poses(3)
    found = [skin.take(lighter(textured(), 6 * (row % 2)), seen, row) for row in range(3)]
    assert found[2][1] == pytest.approx(12, abs=1e-3)  # 6 up, 6 down


def test_three_faces_must_follow_each_other() -> None:
    skin, seen = Skin(reference()), poses(6, 2)
    found = np.array([skin.take(textured(row), seen, row) for row in range(6)])
    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == [2]
    assert np.flatnonzero(np.isfinite(found[:, 1])).tolist() == [5]
