"""Fields of the base warp, and masks of mouths, for random faces that open and close."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.canvas import cut, is_empty, move_pixels
from lipsync_ray.engines.unit_selection.basis import load_prior, move
from lipsync_ray.engines.unit_selection.canonical import Poses, to_pixels
from lipsync_ray.engines.unit_selection.descriptor import SIGMA, describe
from lipsync_ray.engines.unit_selection.geometry import bounds, face_width, ring
from lipsync_ray.engines.unit_selection.landmarks_sets import OUTER
from lipsync_ray.engines.unit_selection.mask import mouth_mask
from lipsync_ray.engines.unit_selection.person import GENERIC_SLOPES
from lipsync_ray.engines.unit_selection.warp import dense, solve_field
from tests.engines.unit_selection.talker import neutral, turned

SEEDS = st.integers(0, 2**32 - 1)
WIDTH, HEIGHT = 640, 560
STEP = 4  # px between which slopes are taken: OpenCV reads between pixels on a grid of a 32nd
OWN = 2.0  # SIGMA
WIDEST = 0.16  # IO, as far as any mouth is asked to open


def faces(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks ``[468,2]`` px of one pose: the mouth as it is, and as it is to be.

    Lips and jaw follow aperture and width as in people at large, and have up to ``OWN`` of their own.
    """
    rng = np.random.default_rng(seed)
    base, basis = neutral(), load_prior()
    nose_y = float(base[0, 2, 1])
    delta = np.empty((2, 6))
    delta[:, 0] = rng.choice([0.0, WIDEST, *rng.uniform(0, WIDEST, 2)], 2) - describe(base, nose_y)[0, 0]
    delta[:, 1] = rng.choice([-1.5, 1.5, *rng.uniform(-1.5, 1.5, 2)], 2) * SIGMA[1]
    delta[:, 2:] = delta[:, :2] @ GENERIC_SLOPES + rng.uniform(-OWN, OWN, (2, 4)) * SIGMA[2:]
    shapes = move(base.repeat(2, 0), delta, basis, nose_y)
    angles = [rng.uniform(-most, most, 1) for most in (30, 20, 25)]
    poses = Poses(
        scale=rng.uniform(20, 130, 1).repeat(2),
        rotation=turned(*angles).repeat(2, 0),
        translation=np.array([[rng.uniform(220, 420), rng.uniform(180, 330), 0.0]]).repeat(2, 0),
    )
    points = to_pixels(shapes, poses)
    return points[0], points[1]


def came_from(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Where each pixel is taken from, ``float64[h,w,2]`` px, of the box that moves."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    picture[..., 1], picture[..., 0] = np.indices((HEIGHT, WIDTH))
    shift = dense(solve_field(source, target, WIDTH, HEIGHT), WIDTH, HEIGHT)
    if shift is None:
        return np.empty((0, 0, 2))
    moved = picture.copy()
    move_pixels(picture, shift, moved)
    return cut(moved, shift.box)[..., :2].astype(np.float64)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_fields_are_finite_and_nothing_folds(seed: int) -> None:
    source, target = faces(seed)
    field = solve_field(source, target, WIDTH, HEIGHT)
    if field is None:
        return
    assert np.isfinite(field.grid).all()
    assert np.abs(field.grid).max() < face_width(source)
    where = came_from(source, target)
    if min(where.shape[:2]) <= STEP:
        return
    along = (where[:-STEP, STEP:] - where[:-STEP, :-STEP]) / STEP
    down = (where[STEP:, :-STEP] - where[:-STEP, :-STEP]) / STEP
    area = along[..., 0] * down[..., 1] - along[..., 1] * down[..., 0]
    assert area.min() > 0, f"folds: {area.min():.3f}"


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, covered=st.floats(0, 1), grow=st.floats(5, 40))
def test_masks_of_mouths_are_weights(seed: int, covered: float, grow: float) -> None:
    _, target = faces(seed)
    box = bounds(ring(target, OUTER), grow, WIDTH, HEIGHT)
    assert not is_empty(box)
    patch = np.full((box[3] - box[1], box[2] - box[0]), 255, np.uint8)
    patch[: int(covered * len(patch))] = 0
    weight = mouth_mask(target, patch, box, face_width(target))
    assert weight.shape == patch.shape
    assert np.isfinite(weight).all()
    assert weight.min() >= 0
    assert weight.max() <= 1
