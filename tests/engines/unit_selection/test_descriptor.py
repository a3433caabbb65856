from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.engines.unit_selection.descriptor import NAMES, POINTS, describe, describe_points
from tests.engines.unit_selection.talker import neutral, speechlike, talk


def test_it_reads_what_was_put_in():
    aperture, width = speechlike(50)
    talker = talk(aperture, width)
    found = describe(talker.shapes, talker.nose_y)
    still = describe(neutral(), talker.nose_y)[0]
    assert found.shape == (50, len(NAMES))
    assert np.allclose(found[:, 0], aperture, atol=2e-3)
    assert np.allclose(found[:, 1], still[1] + width, atol=2e-3)


def test_a_lower_lip_that_drops_opens_the_mouth():
    shape = neutral()
    before = describe(shape, 0.0)[0]
    shape[:, [14, 87, 317, 17]] += [0, 0.1, 0]
    after = describe(shape, 0.0)[0]
    assert after[0] - before[0] == pytest.approx(0.1)
    assert after[3] - before[3] == pytest.approx(0.1)
    assert after[2] == before[2]


def test_its_points_are_enough():
    shapes = talk(*speechlike(9)).shapes
    assert np.array_equal(describe(shapes, 0.1), describe_points(shapes[:, POINTS], 0.1))


def test_an_absent_face_has_no_descriptor():
    shapes = np.full((1, 468, 3), np.nan)
    assert np.isnan(describe(shapes, 0.0)).all()
