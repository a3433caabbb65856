"""RetinaFace's priors, decoding and suppression against GPEN's and facexlib's."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.faces.detectors.priors import decode_boxes, decode_points, priors, suppress
from tests.parity.fixture import Fixture

EVERY = 7  # rows of the decoded boxes that are stored
fixture = Fixture("priors")
HEIGHT, WIDTH = fixture.manifest["image_size"]
GIVEN = {name: value.numpy() for name, value in fixture.inputs().items()}


def close(found: np.ndarray, name: str) -> bool:
    wanted = fixture.wanted[name]
    return bool(np.allclose(found, wanted, atol=fixture.manifest["atol"], rtol=fixture.manifest["rtol"]))


def test_priors() -> None:
    size = np.array([WIDTH, HEIGHT] * 2)
    assert close(priors(HEIGHT, WIDTH) / size, "priors")
    assert not close(priors(HEIGHT + 1, WIDTH)[:2740] / (size + 1), "priors")


def test_decoding() -> None:
    places = priors(HEIGHT, WIDTH).astype(np.float64)
    assert close(decode_boxes(GIVEN["loc"], places)[::EVERY], "boxes")
    points = decode_points(GIVEN["landms"], places).reshape(-1, 10)
    assert close(points[::EVERY], "landms")
    assert not close(points[::EVERY, [1, 0, *range(2, 10)]], "landms")


@pytest.mark.parametrize(("name", "extra"), [("keep_gpen", 1.0), ("keep_plain", 0.0)])
def test_suppression(name: str, extra: float) -> None:
    boxes = decode_boxes(GIVEN["loc"], priors(HEIGHT, WIDTH))
    chosen = np.flatnonzero(GIVEN["scores"] > 0.6)
    kept = {e: chosen[suppress(boxes[chosen], GIVEN["scores"][chosen], 0.4, extra=e)] for e in (0.0, 1.0)}
    np.testing.assert_array_equal(kept[extra], fixture.wanted[name])
    assert list(kept[1 - extra]) != list(fixture.wanted[name])


def test_suppression_ends_with_nothing_and_with_empty_boxes() -> None:
    assert len(suppress(np.empty((0, 4)), np.empty(0), 0.4)) == 0
    assert list(suppress(np.zeros((2, 4)), np.array([0.5, 0.9]), 0.4)) == [1, 0]  # they overlap nothing
