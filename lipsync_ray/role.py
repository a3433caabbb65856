"""Whose mouth is dubbed in a job: one person, or several in the same pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lipsync_ray.engines.base import Preparation
from lipsync_ray.engines.unit_selection.canonical import Reference
from lipsync_ray.faces.select import Reason, TargetFaces
from lipsync_ray.media.frame import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One of the people who are dubbed in a job."""

    name: str  # as the job calls them; empty where it calls nobody by name
    target: TargetFaces
    crops: dict[int, Box]  # union crop by shot; no entry where they are not dubbed
    preparation: Preparation = field(default_factory=Preparation)
    reference: Reference | None = None  # their median face, where the dub is to be measured

    def view(self, shot: int) -> Box:
        """What the engine is shown of a shot's crop."""
        return self.preparation.views.get(shot, self.crops[shot])


def leading(roles: Sequence[Role]) -> TargetFaces:
    """In every source frame the role that is dubbed most, the earlier one of equals."""
    if len(roles) == 1:
        return roles[0].target
    strength = np.stack([role.target.strength for role in roles])
    usable = np.stack([role.target.reason == Reason.USABLE for role in roles])
    seen = np.stack([role.target.row >= 0 for role in roles])
    best = np.argmax(4.0 * (strength > 0) + strength + 0.2 * usable + 0.1 * seen, axis=0)
    at = (best, np.arange(len(best)))
    return TargetFaces(
        face=np.stack([role.target.face for role in roles])[at],
        row=np.stack([role.target.row for role in roles])[at],
        reason=np.stack([role.target.reason for role in roles])[at],
        strength=strength[at],
        shot=roles[0].target.shot,
    )


def enclosing(boxes: Iterable[Box]) -> Box | None:
    """The smallest box around some; None around none."""
    corners = np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], np.int64).reshape(-1, 4)
    if not len(corners):
        return None
    (x0, y0), (x1, y1) = corners[:, :2].min(axis=0).tolist(), corners[:, 2:].max(axis=0).tolist()
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
