"""LipGAN in this pipeline: as Wav2Lip, with its forerunner's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.engines.base import Resources
from lipsync_ray.engines.faces96 import Faces96
from lipsync_ray.engines.lipgan.settings import LipGanSettings


class LipGan(Faces96):
    """Implements `engines.base.Engine` with the residual generator that hears mel spectrograms.

    The authors' other family (branch ``master``) hears MFCCs that their scripts compute with MATLAB; its
    files can be loaded (``generator.load_generator(path, "mfcc")``), but nothing here makes such features.
    """

    name = "lipgan"
    columns = 27  # 0.34 s

    def __init__(self, settings: LipGanSettings, resources: Resources) -> None:
        super().__init__(settings, "lipgan_mel", resources)

    def _load(self, path: Path) -> Any:
        from lipsync_ray.engines.lipgan.generator import load_generator

        return load_generator(path)

    def _given(self, faces: np.ndarray) -> np.ndarray:
        """The whole face first, the masked one second: the reverse of Wav2Lip."""
        return np.roll(super()._given(faces), 3, axis=1)
