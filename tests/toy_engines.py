"""Engines for tests of the pipeline: they do little, but what they do can be predicted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from lipsync_ray.engines.base import FaceBatch, FrameContext, Preparation, Scene


class Identity:
    """Claims to change the whole crop and changes nothing."""

    name = "identity"
    context = FrameContext()
    landmark_margin = 0

    def prepare(self, scene: Scene) -> Preparation:
        return Preparation()

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        return batch

    def generate(self, batch: FaceBatch) -> FaceBatch:
        return batch

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        return batch

    def blend(self, batch: FaceBatch) -> FaceBatch:
        mask = np.full(batch.frames.shape[:3], 255, np.uint8)
        return replace(batch, output=batch.frames.copy(), mask=mask)


class Brighten(Identity):
    """Adds 20 levels to a square in the crop's middle; wants four frames before and after each."""

    context = FrameContext(before=4, after=4)

    def blend(self, batch: FaceBatch) -> FaceBatch:
        output, mask = batch.frames.copy(), np.zeros(batch.frames.shape[:3], np.uint8)
        height, width = mask.shape[1:]
        square = (slice(None), slice(height // 3, height // 2), slice(width // 3, width // 2))
        output[square] = np.minimum(output[square].astype(int) + 20, 255)
        mask[square] = 255
        return replace(batch, output=output, mask=mask)


class FailsOnce(Brighten):
    """Raises in the frame named by TOY_FAIL_FRAME until the file TOY_FAIL_UNTIL exists."""

    def generate(self, batch: FaceBatch) -> FaceBatch:
        frame, gate = int(os.environ["TOY_FAIL_FRAME"]), Path(os.environ["TOY_FAIL_UNTIL"])
        if frame in batch.number and not gate.exists():
            raise RuntimeError(f"frame {frame} is cursed")
        return batch
