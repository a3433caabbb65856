"""Wav2Lip in this pipeline: boxes from the landmarks, one batch after the other, only the mouth is joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lipsync_ray.engines.base import Resources
from lipsync_ray.engines.faces96 import Faces96
from lipsync_ray.engines.wav2lip.settings import Wav2LipSettings


class Wav2Lip(Faces96):
    """Implements `engines.base.Engine` with the published generator."""

    name = "wav2lip"
    columns = 16  # 0.2 s

    def __init__(self, settings: Wav2LipSettings, resources: Resources) -> None:
        super().__init__(settings, settings.checkpoint, resources, hard=settings.upstream_exact)

    def _load(self, path: Path) -> Any:
        from lipsync_ray.engines.wav2lip.generator import load_generator

        return load_generator(path)
