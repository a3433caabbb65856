"""Options of the engine ``lipgan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.engines.facebox_settings import FaceBoxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class LipGanSettings(FaceBoxSettings):
    """Where the box is that LipGAN redraws; it has no other choices."""

    name: Literal["lipgan"] = "lipgan"
