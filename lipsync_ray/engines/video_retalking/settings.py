"""Options of the engine ``video_retalking``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.engines.facebox_settings import FaceBoxSettings
from lipsync_ray.errors import ConfigError

_SEEDS = 2**63  # what a generator of random numbers takes


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoReTalkingSettings(FaceBoxSettings):
    """How the face is made calm before its lips are drawn, and how close to the authors' script."""

    name: Literal["video_retalking"] = "video_retalking"
    pads: tuple[int, int, int, int] = (0, 20, 0, 0)
    exp_img: str = "neutral"  # neutral, smile, or a picture file whose expression is taken
    up_face: Literal["original", "sad", "angry", "surprise"] = "original"  # expression of the upper face
    stabilize: bool = True  # D-Net towards exp_img before the lips are drawn; false for heads turned far
    enhance_reference: bool = (
        False  # restore the stabilised face before it is the reference: the authors' way
    )
    seed: int = 0  # of the noise in E-Net: the same seed, the same picture
    upstream_exact: bool = False  # as the authors' script, which restores reference and mouth in its own way

    def __post_init__(self) -> None:
        FaceBoxSettings.__post_init__(self)
        if not self.exp_img:
            raise ConfigError("engine.exp_img is empty: expected neutral, smile or a picture file")
        if not 0 <= self.seed < _SEEDS:
            raise ConfigError(f"engine.seed={self.seed} must be 0 or more, and less than 2^63")
