"""Options of the group ``face``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError

DetectorName = Literal["embedded", "retinaface", "retinaface_mobilenet", "s3fd", "face_alignment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSettings:
    """How faces are found, and which of them speaks."""

    # What finds faces; landmarks are the embedded mesh's whatever finds them. All but embedded need torch.
    detector: DetectorName = "embedded"
    select: Literal["largest", "left", "right", "point", "box", "reference"] = "largest"
    point: tuple[float, float] | None = None  # px of the upright picture; the face nearest to it
    # px x0 y0 x1 y1; with select=box faces are searched in it only, which also finds smaller ones
    box: tuple[float, float, float, float] | None = None
    reference: str | None = None  # a picture of who speaks, or a video that begins with that face
    likeness: float = 0.5  # 0..1 to face.reference, from which on a face is taken for that person
    min_score: float = 0.5  # of a detection, and of the landmarks
    min_size: float = 48.0  # px, width of a face below which its mouth is left alone
    max_yaw: float = 35.0  # degrees; a face turned further passes through, fading from 10 degrees before
    occlusion: float = 0.3  # of the usual redness of the lips; less is a covered mouth; 0 switches it off
    stride: int = 12  # frames between detections while a face is followed
    max_faces: int = 4  # followed at a time, largest first
    margin: float = 0.35  # of the face's size, added around all faces of a shot for its crop

    def __post_init__(self) -> None:
        if not 0 < self.min_score < 1:
            raise ConfigError(f"face.min_score={self.min_score} must lie between 0 and 1")
        if self.stride < 1 or self.max_faces < 1:
            raise ConfigError("face.stride and face.max_faces must be 1 or more")
        if self.margin < 0 or self.min_size < 0 or self.max_yaw <= 0:
            raise ConfigError("face.margin, face.min_size and face.max_yaw cannot be negative")
        if self.select == "point" and self.point is None:
            raise ConfigError("face.select=point needs face.point=[x,y] in pixels")
        if self.select == "reference" and self.reference is None:
            raise ConfigError("face.select=reference needs face.reference=FILE, a picture of who speaks")
        if self.select != "reference" and self.reference is not None:
            raise ConfigError(
                f"face.reference={self.reference} needs face.select=reference, not {self.select}"
            )
        if not 0 < self.likeness < 1:
            raise ConfigError(f"face.likeness={self.likeness} must lie between 0 and 1")
        if self.select == "box":
            if self.box is None:
                raise ConfigError("face.select=box needs face.box=[x0,y0,x1,y1] in pixels")
            if self.box[0] >= self.box[2] or self.box[1] >= self.box[3]:
                raise ConfigError(f"face.box={list(self.box)} is empty: x0 < x1 and y0 < y1 are needed")

    def check_inside(self, width: int, height: int) -> None:
        """Compare the place that is chosen with the upright picture.

        Raises:
            ConfigError: it lies outside.
        """
        picture = f"the upright picture of {width}x{height} pixels"
        if self.select == "point" and self.point is not None:
            x, y = self.point
            if not (0 <= x < width and 0 <= y < height):
                raise ConfigError(f"face.point={list(self.point)} lies outside {picture}")
        if self.select == "box" and self.box is not None:
            x0, y0, x1, y1 = self.box
            if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
                raise ConfigError(f"face.box={list(self.box)} lies outside {picture}")

    def of_scan(self) -> tuple[object, ...]:
        """The options that a scan depends on; the others only choose among its faces."""
        box = self.box if self.select == "box" else None
        return self.detector, self.min_score, self.stride, self.max_faces, box
