"""Alignment by five points and pasting back, against GFPGAN's and GPEN's helpers."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.enhance.align import (
    GFPGAN_TEMPLATE,
    GPEN_TEMPLATE,
    GREY,
    cut_aligned,
    fit_most,
    fit_similarity,
    inverse,
)
from lipsync_ray.enhance.upstream import fit_face, paste_square
from tests.parity import recipe
from tests.parity.fixture import Fixture

FIXTURE = Fixture("align")
AFFINE, PIXELS = FIXTURE.manifest["atol"]["affine"], FIXTURE.manifest["atol"]["pixels"]
FACES = [0, 1, 2]


def picture() -> np.ndarray:
    spec = FIXTURE.manifest["inputs"][0]
    return (recipe.smooth_image(spec["seed"], spec["shape"]).transpose(1, 2, 0) * 255).astype(np.uint8)


def landmarks(face: int) -> np.ndarray:
    return FIXTURE.wanted["landmarks"][face]


def compare(name: str, found: np.ndarray, atol: float, face: int | None = None) -> None:
    wanted = FIXTURE.wanted[name] if face is None else FIXTURE.wanted[name][face]
    np.testing.assert_allclose(found.astype(float), wanted.astype(float), atol=atol, rtol=0, err_msg=name)


def test_templates_are_the_authors() -> None:
    compare("facexlib_template", GFPGAN_TEMPLATE, 1e-9)
    compare("gpen_reference_5pts", GPEN_TEMPLATE, 1e-6)


@pytest.mark.parametrize("face", FACES)
def test_aligns_and_pastes_as_gfpgans_helper(face: int) -> None:
    matrix = fit_most(landmarks(face), GFPGAN_TEMPLATE)
    compare("affine", matrix, AFFINE, face)
    compare("inverse_affine", inverse(matrix), AFFINE, face)
    cut = cut_aligned(picture(), matrix, GREY[::-1])
    compare(f"crop{face}", cut[::8, ::8], PIXELS)
    pasted = paste_square(picture(), 255 - cut, inverse(matrix))
    compare(f"pasted{face}", pasted[::4, ::4], PIXELS)


@pytest.mark.parametrize("face", FACES)
def test_aligns_as_gpens_helper(face: int) -> None:
    forward, back = fit_face(landmarks(face))
    compare("gpen_affine", forward, AFFINE, face)
    compare("gpen_inverse", back, AFFINE, face)
    compare(f"gpen_crop{face}", cut_aligned(picture(), forward, (0, 0, 0))[::8, ::8], PIXELS)


def test_slips_are_noticed() -> None:
    noisy = max(FACES, key=lambda face: float(np.abs(_rest(face)).max()))
    matrix, _ = fit_similarity(landmarks(noisy), GFPGAN_TEMPLATE)
    with pytest.raises(AssertionError):
        compare("affine", matrix, AFFINE, noisy)
    matrix = fit_most(landmarks(0), GFPGAN_TEMPLATE)
    with pytest.raises(AssertionError):
        compare("crop0", cut_aligned(picture(), matrix, (0, 0, 0))[::8, ::8], PIXELS)
    with pytest.raises(AssertionError):
        compare("pasted0", picture()[::4, ::4], PIXELS)
    with pytest.raises(AssertionError):
        compare("gpen_affine", fit_similarity(landmarks(0), GFPGAN_TEMPLATE)[0], AFFINE, 0)


def _rest(face: int) -> np.ndarray:
    """How far the points are from the template after the fit."""
    matrix = FIXTURE.wanted["affine"][face]
    return landmarks(face) @ matrix[:, :2].T + matrix[:, 2] - GFPGAN_TEMPLATE
