"""One role in one output frame, and a frame in which several roles are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lipsync_ray.compositing import crop_planes
from lipsync_ray.media.frame import Box, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What drawing a role has made of a source frame."""

    frame: Frame
    box: Box  # crop that may have changed
    mask: np.ndarray  # uint8[h,w] of the box, 0: untouched


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One role in one output frame."""

    number: int  # output frame
    source: Frame  # the source's own frame
    change: Change | None = None  # None: the role is not drawn


def merged(source: Frame, changes: Sequence[Change]) -> Frame:
    """A frame with all changes that were made apart from each other, at least one.

    Where two have changed the same sample, as where faces touch, the later one counts.
    """
    if len(changes) == 1:
        return changes[0].frame
    frame = replace(source, planes=tuple(plane.copy() for plane in source.planes))
    for change in changes:
        parts = (crop_planes(picture, change.box) for picture in (frame, change.frame, source))
        for plane, new, old in zip(*parts, strict=True):
            np.copyto(plane, new, where=new != old)
    return frame


def merged_mask(changes: Sequence[Change], box: Box) -> np.ndarray:
    """The greatest of all masks at each pixel of a box that holds theirs, ``uint8[h,w]``."""
    out = np.zeros((box.height, box.width), np.uint8)
    for change in changes:
        y, x = change.box.y0 - box.y0, change.box.x0 - box.x0
        part = out[y : y + change.box.height, x : x + change.box.width]
        np.maximum(part, change.mask, out=part)
    return out
