from __future__ import annotations

import numpy as np

from lipsync_ray.engines.canvas import RgbCanvas
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.warp import Field, dense, solve_field, thin_plate


def lowered_jaw(points: np.ndarray, shift: float) -> np.ndarray:
    target = points.copy()
    chin, nose = points[152, 1], points[sets.SUBNASALE, 1]
    target[:, 1] += shift * np.clip((points[:, 1] - nose) / (chin - nose), 0, 1)
    return target


def moved(frame: np.ndarray, field: Field) -> np.ndarray:
    shift = dense(field, frame.shape[1], frame.shape[0])
    assert shift is not None
    canvas = RgbCanvas(frame)
    canvas.move(shift)
    return canvas.picture


def test_spline_reproduces_an_affine_motion():
    points = np.random.default_rng(0).uniform(0, 100, (40, 2))
    motion = np.array([[0.1, -0.02], [0.03, 0.2]])
    where = np.array([[50.0, 50.0], [10.0, 90.0]])
    found = thin_plate(points, points @ motion + 3, where, 50.0)
    np.testing.assert_allclose(found, where @ motion + 3, atol=1e-3)


def test_still_landmarks_make_no_field(still):
    points = still.landmarks[0, :, :2].astype(float)
    assert solve_field(points, points, 320, 400) is None
    assert dense(None, 320, 400) is None


def test_chin_arrives_and_the_rest_of_the_picture_stays(still):
    points, frame = still.landmarks[0, :, :2].astype(float), still.frames[0]
    height, width = frame.shape[:2]
    field = solve_field(points, lowered_jaw(points, 6.0), width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved_y = moved(np.clip(y - 200, 0, 255).astype(np.uint8)[..., None].repeat(3, 2), field)
    chin = points[200].astype(int) + np.array([0, 5])
    came_from = int(moved_y[chin[1], chin[0], 0]) + 200
    assert chin[1] - came_from == np.clip(chin[1] - came_from, 4, 7)
    changed = (moved(frame, field) != frame).any(2)
    face = points[454, 0] - points[234, 0]
    middle = points[sets.SUBNASALE]
    assert not changed[np.hypot(x - middle[0], y - middle[1]) > 1.1 * face].any()
    assert not changed[: int(points[33, 1])].any()


def test_background_beside_the_jaw_hardly_moves(still):
    points = still.landmarks[0, :, :2].astype(float)
    field = solve_field(points, lowered_jaw(points, 6.0), 320, 400)
    length = np.hypot(field.grid[..., 0], field.grid[..., 1])
    rows, columns = np.indices(length.shape)
    x, y = field.x0 + (columns + 0.5) * field.cell, field.y0 + (rows + 0.5) * field.cell
    face = points[454, 0] - points[234, 0]
    beside = (np.abs(x - points[152, 0]) > 0.62 * face) & (y < points[152, 1])
    assert beside.any()
    assert length[beside].max() < 0.3
