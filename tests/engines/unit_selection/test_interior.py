from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.engines.canvas import RgbCanvas
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.bite import find_bite
from lipsync_ray.engines.unit_selection.colour import lip_colour, skin_colour
from lipsync_ray.engines.unit_selection.geometry import face_width
from lipsync_ray.engines.unit_selection.interior import draw_interior
from lipsync_ray.engines.unit_selection.patch import mouth_box
from lipsync_ray.engines.unit_selection.plane import Plane, plane_of
from lipsync_ray.engines.unit_selection.stages import plan_frames
from lipsync_ray.engines.unit_selection.teeth import Colours, Mouth, hung_teeth

LIP, TOOTH, DARK = (160, 80, 85), (230, 220, 205), (30, 15, 15)


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
    colours = Colours(lip=lip_colour(frame, points, (0, 0, 0, 0)), skin=skin_colour(RgbCanvas(frame), points))
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
    patch, _ = drawn(still, 0.02)
    assert patch.min(2).max() <= 128


def mouth_with(colours: list[tuple[int, int, int]]) -> tuple[np.ndarray, Plane]:
    """A mouth whose inside is made of rows of equal height, in a picture of 1 IO per 100 px."""
    picture = np.full((60, 100, 3), LIP, np.uint8)
    for row, colour in zip(np.array_split(np.arange(20, 40), len(colours)), colours, strict=True):
        picture[row] = colour
    edge = np.linspace(0.1, 0.9, 11)
    to_picture = np.array([[100.0, 0, 0], [0, 100, 0]])
    plane = Plane(
        to_head=to_picture / 1e4,
        to_picture=to_picture,
        upper=np.column_stack([edge, np.full(11, 0.2)]),
        lower=np.column_stack([edge, np.full(11, 0.4)]),
    )
    return picture, plane


def test_the_bite_lies_between_two_rows_of_teeth():
    picture, plane = mouth_with([TOOTH, TOOTH, DARK, TOOTH, TOOTH])
    bite = find_bite(picture, plane, np.array(LIP))
    assert bite is not None
    assert np.allclose(bite.at(np.linspace(0.1, 0.9, 5)), 0.3, atol=0.02)


@pytest.mark.parametrize("rows", [[TOOTH, TOOTH], [TOOTH, DARK], [TOOTH, DARK, LIP], [DARK, DARK]])
def test_there_is_no_bite_without_lower_teeth(rows):
    picture, plane = mouth_with(rows)
    assert find_bite(picture, plane, np.array(LIP)) is None


def test_lower_teeth_go_down_with_the_lower_lip():
    picture, shown = mouth_with([TOOTH, TOOTH, DARK, TOOTH, TOOTH])
    wider = Plane(
        to_head=shown.to_head,
        to_picture=shown.to_picture,
        upper=shown.upper,
        lower=shown.lower + np.array([0, 0.1]),
    )
    y, x = np.mgrid[0.21:0.5:0.01, 0.4:0.6:0.01]
    unit = Mouth(picture=picture, plane=shown, aperture=0.2)
    (_, below), (_, above) = hung_teeth(x, y, wider, unit, np.array(LIP))
    assert (above[y < 0.27] == 1).all()
    assert (above[y > 0.31] == 0).all()
    assert (below[y < 0.39] == 0).all()
    assert (below[y > 0.43] == 1).all()
