"""Frames in which several roles are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lipsync_ray.acts import Change, merged, merged_mask
from lipsync_ray.compositing import crop_planes
from lipsync_ray.media.frame import Box, Frame, PixelLayout
from lipsync_ray.role import enclosing


def frame(level: int) -> Frame:
    y, u, v = (np.full(shape, level, np.uint8) for shape in ((40, 80), (20, 40), (20, 40)))
    return Frame(index=0, planes=(y, u, v), layout=PixelLayout())


def changed(source: Frame, box: Box, level: int, inner: slice = slice(None)) -> Change:
    """The box, or some columns of it, at another level."""
    new = replace(source, planes=tuple(plane.copy() for plane in source.planes))
    mask = np.zeros((box.height, box.width), np.uint8)
    for plane in crop_planes(new, box):
        plane[:, inner] = level
    mask[:, inner] = 255
    return Change(frame=new, box=box, mask=mask)


def test_each_change_is_in_the_frame_and_nothing_else() -> None:
    source = frame(100)
    left, right = Box(x0=4, y0=4, x1=24, y1=24), Box(x0=40, y0=10, x1=60, y1=30)
    out = merged(source, [changed(source, left, 50), changed(source, right, 200)])
    rest = out.planes[0].copy()
    for box, level in ((left, 50), (right, 200)):
        assert all((plane == level).all() for plane in crop_planes(out, box))
        crop_planes(replace(out, planes=(rest, *out.planes[1:])), box)[0][...] = 100
    assert (rest == 100).all()
    assert all((plane == 100).all() for plane in source.planes)


def test_crops_may_overlap_where_nothing_changes() -> None:
    source = frame(100)
    box = Box(x0=0, y0=0, x1=40, y1=40)
    near, far = changed(source, box, 50, slice(0, 10)), changed(source, box, 200, slice(20, 30))
    for order in ((near, far), (far, near)):
        out = merged(source, order)
        assert (out.planes[0][:, :10] == 50).all()
        assert (out.planes[0][:, 20:30] == 200).all()


def test_the_mask_of_several_lies_in_the_box_around_them() -> None:
    source = frame(100)
    changes = [changed(source, Box(x0=x, y0=4, x1=x + 10, y1=14), 50) for x in (10, 30)]
    box = enclosing(change.box for change in changes)
    assert box == Box(x0=10, y0=4, x1=40, y1=14)
    mask = merged_mask(changes, box)
    assert (mask[:, :10] == 255).all()
    assert not mask[:, 10:20].any()
    assert (mask[:, 20:] == 255).all()
    assert enclosing([]) is None
