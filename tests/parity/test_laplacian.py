"""Laplacian blending against what VideoReTalking's made of the same pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.blend.laplacian import laplacian_blend
from tests.parity import recipe
from tests.parity.fixture import Fixture

FIXTURE = Fixture("laplacian")
SPECS = {spec["name"]: spec for spec in FIXTURE.manifest["inputs"]}


def picture(name: str) -> np.ndarray:
    spec = SPECS[name]
    smooth = recipe.smooth_image(spec["seed"], spec["shape"])
    return (smooth.transpose(1, 2, 0) * 255).astype(np.uint8)


def hard_mask() -> np.ndarray:
    mask = np.zeros((512, 512), np.float32)
    mask[250:420, 140:380] = 1
    return mask


def soft_mask() -> np.ndarray:
    return cv2.GaussianBlur(hard_mask(), (0, 0), 3)


def compare(name: str, found: np.ndarray) -> None:
    atol, rtol = FIXTURE.manifest["atol"], FIXTURE.manifest["rtol"]
    for tag, part in ((name, found[::4, ::4]), (f"{name}__1", found[232:296, 120:184])):
        np.testing.assert_allclose(part, FIXTURE.wanted[tag], atol=atol, rtol=rtol, err_msg=tag)


def test_blends_as_the_original_blends() -> None:
    compare("hard10", laplacian_blend(picture("A"), picture("B"), hard_mask(), 10))
    compare("soft6", laplacian_blend(picture("A"), picture("B"), soft_mask(), 6))


@pytest.mark.parametrize("slip", ["levels", "swapped", "not rounded"])
def test_notices_slips(slip: str) -> None:
    new, old = picture("A"), picture("B")
    if slip == "levels":
        blended = laplacian_blend(new, old, soft_mask(), 5)
    elif slip == "swapped":
        blended = laplacian_blend(old, new, soft_mask(), 6)
    else:
        blended = laplacian_blend(new.astype(np.float32), old.astype(np.float32), soft_mask(), 6)
    with pytest.raises(AssertionError):
        compare("soft6", blended)
