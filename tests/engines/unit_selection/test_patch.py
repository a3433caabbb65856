from __future__ import annotations

import numpy as np

from lipsync_ray.engines.canvas import cut
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.engine import mesh_of
from lipsync_ray.engines.unit_selection.geometry import face_width
from lipsync_ray.engines.unit_selection.mask import mouth_mask
from lipsync_ray.engines.unit_selection.patch import displace, mouth_box, sample


def test_triangles_join_all_lip_points_and_do_not_cross_the_mouth(still):
    mesh = mesh_of(still.person)
    assert set(sets.LIPS) <= set(mesh.triangles.ravel().tolist())
    lower = set(sets.LOWER_INNER) | set(sets.INNER_MID[11:])
    upper = set(sets.UPPER_EDGE_OUT[1:-1])
    # No triangle reaches from the outer upper lip into the lower lip.
    assert not any(set(t) & upper and set(t) & lower for t in mesh.triangles.tolist())
    assert mesh.between == len([t for t in mesh.triangles if np.isin(t, sets.INNER).all()])


def test_a_unit_at_its_own_landmarks_is_itself(talk):
    frame, points = talk.frames[6], talk.landmarks[6, :, :2].astype(float)
    face = face_width(points)
    box = mouth_box(points, face, frame.shape[1], frame.shape[0])
    where = displace(mesh_of(talk.person), points, points, box, face)
    assert where.covered[: where.covered.shape[0] // 2].min() == 255
    error = np.abs(sample(frame, where).astype(int) - cut(frame, box))
    assert error[where.covered == 255].max() <= 1


def test_a_shifted_unit_is_brought_back(talk):
    frame, points = talk.frames[6], talk.landmarks[6, :, :2].astype(float)
    face = face_width(points)
    box = mouth_box(points, face, frame.shape[1], frame.shape[0])
    shifted = np.roll(frame, (3, -5), axis=(0, 1))
    where = displace(mesh_of(talk.person), points + np.array([-5, 3]), points, box, face)
    error = np.abs(sample(shifted, where).astype(int) - cut(frame, box))
    assert error[where.covered == 255].max() <= 1


def test_big_faces_use_a_coarser_displacement_with_the_same_result(talk):
    points = talk.landmarks[6, :, :2].astype(float)
    unit = talk.landmarks[4, :, :2].astype(float)
    small_box = mouth_box(points, face_width(points), 320, 400)
    small = displace(mesh_of(talk.person), unit, points, small_box, face_width(points))
    big_box = (*(4 * b for b in small_box[:2]), *(4 * b for b in small_box[2:]))
    big = displace(mesh_of(talk.person), unit * 4 + 1.5, points * 4 + 1.5, big_box, 4 * face_width(points))
    assert big.x.shape == (4 * small.x.shape[0], 4 * small.x.shape[1])
    error = np.abs((big.y[1::4, 1::4] + big.y[2::4, 2::4]) / 8 - 0.375 - small.y)
    assert np.percentile(error, 95) < 0.25


def test_mask_covers_the_lips_and_fades_out_inside_the_box(talk):
    points = talk.landmarks[6, :, :2].astype(float)
    face = face_width(points)
    box = mouth_box(points, face, 320, 400)
    covered = np.full((box[3] - box[1], box[2] - box[0]), 255, np.uint8)
    weight = mouth_mask(points, covered, box, face)
    at = np.round(points[list(sets.OUTER)] - box[:2]).astype(int)
    assert weight[at[:, 1], at[:, 0]].min() > 0.8
    assert weight[[0, -1]].max() == weight[:, [0, -1]].max() == 0
    assert 0 < np.unique(weight)[1] >= 0.004
    covered[:, : covered.shape[1] // 2] = 0
    assert mouth_mask(points, covered, box, face)[:, : covered.shape[1] // 2 - 2].max() < 0.2
