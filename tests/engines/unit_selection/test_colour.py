from __future__ import annotations

import numpy as np

from lipsync_ray.engines.canvas import RgbCanvas, cut
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.closure import draw_contact, hide_teeth
from lipsync_ray.engines.unit_selection.colour import lip_colour, match, skin_colour
from lipsync_ray.engines.unit_selection.geometry import face_width, fill, ring
from lipsync_ray.engines.unit_selection.mask import mouth_mask
from lipsync_ray.engines.unit_selection.patch import mouth_box


def layers(clip, row):
    points = clip.landmarks[row, :, :2].astype(float)
    face = face_width(points)
    box = mouth_box(points, face, clip.frames.shape[2], clip.frames.shape[1])
    covered = np.full((box[3] - box[1], box[2] - box[0]), 255, np.uint8)
    return points, face, box, mouth_mask(points, covered, box, face), cut(clip.frames[row], box)


def test_another_exposure_is_taken_out_lips_included(talk):
    points, _, box, weight, base = layers(talk, 6)
    patch = np.clip(base.astype(float) * 0.9 + 4, 0, 255).astype(np.uint8)
    after = patch + match(patch, base, weight, points, box, talk.frames[6], points)
    inside = weight > 0.5
    before = np.abs(base[inside].astype(float) - patch[inside]).mean()
    assert np.abs(base[inside] - after[inside]).mean() < 0.35 * before
    lips = fill(ring(points, sets.LOWER_EDGE_OUT + sets.LOWER_EDGE_IN[::-1]), box) > 200
    assert abs((base[lips].astype(float) - after[lips]).mean()) < 6


def test_equal_pictures_need_no_correction(talk):
    points, _, box, weight, base = layers(talk, 6)
    assert np.abs(match(base, base, weight, points, box, talk.frames[6], points)).max() == 0


def test_lips_are_redder_than_skin(still):
    points, _, box, _, base = layers(still, 0)
    lip, skin = lip_colour(base, points, box), skin_colour(RgbCanvas(still.frames[0]), points)
    assert lip[0] / lip[1] > skin[0] / skin[1]


def test_contact_line_only_darkens_and_only_closed_lips(talk):
    points, face, box, _, base = layers(talk, 0)
    patch = base.copy()
    draw_contact(patch, points, box, face, 0.03)
    np.testing.assert_array_equal(patch, base)
    patch[:] = 230
    draw_contact(patch, points, box, face, 0.0)
    assert patch.max() == 230
    assert 0 < (patch < 225).mean() < 0.05
    paler = np.full_like(patch, 230)
    draw_contact(paler, points, box, face, 0.0, shade=np.full(3, 0.8))
    assert patch.min() < 0.75 * 230 < 0.8 * 230 <= paler.min()


def test_painted_teeth_are_no_brighter_than_lips(still):
    points, _, box, _, base = layers(still, 0)
    local = points - box[:2]
    painted = hide_teeth(base, local, 1.0)
    teeth = fill(ring(local, sets.INNER), (0, 0, base.shape[1], base.shape[0])) == 255
    lip = lip_colour(base, points, box)
    assert np.percentile(painted[teeth].min(1), 80) < lip.min() < np.percentile(base[teeth].min(1), 80)
