"""What a preview shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError

MOST_FRAMES = 60  # of a sheet: more would not be looked at, and the picture grows with them

Kind = Literal["frame", "clip", "sheet"]
_ENDINGS: dict[Kind, str] = {"frame": ".preview.png", "clip": ".preview.mp4", "sheet": ".sheet.png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSettings:
    """What is shown of a dub before it is made; changes nothing about the dub."""

    kind: Kind = "frame"
    at: float | None = None  # s of the output: the frame, or where the clip begins; null: where it tells most
    seconds: float = 5.0  # length of a clip
    frames: int = 12  # of a sheet
    overlay: bool = False  # outline of the blend mask, and landmarks

    def __post_init__(self) -> None:
        if self.at is not None and not self.at >= 0:
            raise ConfigError(f"preview.at={self.at:g} must be 0 or more: seconds of the output")
        if self.at is not None and self.kind == "sheet":
            raise ConfigError(
                "preview.at is for preview.kind=frame and clip; a sheet spreads over the output"
            )
        if not 0 < self.seconds <= 600:
            raise ConfigError(f"preview.seconds={self.seconds:g} must be above 0, and 600 at most")
        if not 1 <= self.frames <= MOST_FRAMES:
            raise ConfigError(f"preview.frames={self.frames} must be between 1 and {MOST_FRAMES}")

    @property
    def ending(self) -> str:
        """What the name of the preview has instead of the output's extension."""
        return _ENDINGS[self.kind]
