"""Options that engines share which redraw a box around the face."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_ray.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceBoxSettings:
    """Where the box is; all in pixels of the source picture, in the order top, bottom, left, right."""

    pads: tuple[int, int, int, int] = (0, 10, 0, 0)  # added to the face on each side
    nosmooth: bool = False  # do not smooth the box over neighbouring frames
    box: tuple[int, int, int, int] | None = None  # edges of a box that stays; null: from the landmarks

    def __post_init__(self) -> None:
        if min(self.pads) < 0:
            raise ConfigError(f"engine.pads={list(self.pads)} must not be negative: top, bottom, left, right")
        if self.box is not None:
            top, bottom, left, right = self.box
            if not (0 <= top < bottom and 0 <= left < right):
                raise ConfigError(
                    f"engine.box={list(self.box)} is no box: expected [top,bottom,left,right] in pixels, "
                    "or null to find it"
                )
