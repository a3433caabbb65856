from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.colour import lip_colour, skin_colour
from lipsync_ray.engines.unit_selection.geometry import face_width
from lipsync_ray.engines.unit_selection.interior import draw_interior
from lipsync_ray.engines.unit_selection.patch import mouth_box
from lipsync_ray.engines.unit_selection.plane import plane_of
from lipsync_ray.engines.unit_selection.stages import plan_frames
from lipsync_ray.engines.unit_selection.teeth import Colours, Mouth


def drawn(clip, aperture: float, shown: float | None = None):
    """The inside of the portrait's mouth over plain grey, teeth from the picture or (``shown``=0) made up."""
    plan = plan_frames(clip.batch([0], target=clip.with_aperture(aperture)), clip.person, clip.units)[0]
    face = face_width(plan.points)
    box = mouth_box(plan.points, face, clip.frames.shape[2], clip.frames.shape[1])
    patch = np.full((box[3] - box[1], box[2] - box[0], 3), 128, np.uint8)
    unit = plane_of(clip.units.shape[0], clip.units.landmarks[0])
    mouth = Mouth(
        picture=clip.units.patches[0],
        plane=unit,
        aperture=clip.units.descriptor[0, 0] if shown is None else shown,
    )
    frame, points = clip.frames[0], clip.landmarks[0]
    colours = Colours(lip=lip_colour(frame, points, (0, 0, 0, 0)), skin=skin_colour(frame, points))
    target = plane_of(plan.shape, plan.points)
    draw_interior(patch, box, plan.points, target, mouth, colours, face, plan.aperture)
    inner = plan.points[list(sets.INNER)] - box[:2]
    return patch, inner


def test_plane_maps_there_and_back(still):
    plane = plane_of(still.person.reference.shape, still.landmarks[0])
    there = np.vstack([plane.to_picture, [0, 0, 1]]) @ np.vstack([plane.to_head, [0, 0, 1]])
    np.testing.assert_allclose(there, np.eye(3), atol=1e-9)
    assert plane.bottom(np.zeros(1))[0] > plane.top(np.zeros(1))[0]


@pytest.mark.parametrize("shown", [None, 0.0])
def test_teeth_hang_from_the_upper_lip_over_a_dark_cavity(still, shown):
    patch, inner = drawn(still, 0.15, shown)
    column = round(float(inner[5, 0]))
    top, bottom = round(float(inner[5, 1])), round(float(inner[15, 1]))
    bright = patch[:, column].astype(int).sum(1) / 3
    assert bright[top + 1 : top + (bottom - top) // 3].max() > 120
    assert bright[bottom - 5 : bottom - 2].max() < 90


def test_own_teeth_keep_their_size_while_the_mouth_opens(still):
    rows = []
    for aperture in (0.125, 0.15):
        patch, inner = drawn(still, aperture)
        column, top = round(float(inner[5, 0])), round(float(inner[5, 1]))
        rows.append(int((patch[top:, column].min(1)[: round(inner[15, 1]) - top] > 130).sum()))
    assert abs(rows[0] - rows[1]) <= 2


def test_hardly_open_lips_show_no_teeth(still):
    patch, _ = drawn(still, 0.012)
    assert patch.min(2).max() <= 128
