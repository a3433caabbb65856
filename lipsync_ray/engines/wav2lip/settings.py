"""Options of the engine ``wav2lip``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.engines.facebox_settings import FaceBoxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wav2LipSettings(FaceBoxSettings):
    """Which of the published networks draws the mouth, and how close to the authors' script."""

    name: Literal["wav2lip"] = "wav2lip"
    checkpoint: Literal["wav2lip_gan", "wav2lip_plain", "wav2lip_sd_gan", "wav2lip_sd_nogan"] = "wav2lip_gan"
    upstream_exact: bool = (
        False  # hard rectangle, boxes smoothed over the frames to come: the authors' script
    )
