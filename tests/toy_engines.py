"""Engines for tests of the pipeline: they do little, but what they do can be predicted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from lipsync_ray.engines.base import FaceBatch, FrameContext, Preparation, Scene
from lipsync_ray.speech.driving import MeasuredMouth


class Identity:
    """Claims to change the whole crop and changes nothing."""

    name = "identity"
    weights: ClassVar[Mapping[str, str]] = {}
    context = FrameContext()
    landmark_margin = 0

    def prepare(self, scene: Scene) -> Preparation:
        return Preparation()

    def look(self, batch: FaceBatch) -> np.ndarray:
        return np.zeros((len(batch), 0), np.float32)

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        return batch

    def generate(self, batch: FaceBatch) -> FaceBatch:
        return batch

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        return batch

    def blend(self, batch: FaceBatch) -> FaceBatch:
        mask = np.full(batch.frames.shape[:3], 255, np.uint8)
        return replace(batch, output=batch.frames.copy(), mask=mask)


class Blur(Identity):
    """The person's own mouth out of focus: it is soft, and follows no sound."""

    def blend(self, batch: FaceBatch) -> FaceBatch:
        soft = np.stack([cv2.GaussianBlur(frame, (0, 0), 4.0) for frame in batch.frames])
        return replace(batch, output=soft, mask=np.full(batch.frames.shape[:3], 255, np.uint8))


class Brighten(Identity):
    """Adds 20 levels to a square in the crop's middle; wants eight frames of overlap."""

    context = FrameContext(fade=8)

    def blend(self, batch: FaceBatch) -> FaceBatch:
        output, mask = batch.frames.copy(), np.zeros(batch.frames.shape[:3], np.uint8)
        height, width = mask.shape[1:]
        square = (slice(None), slice(height // 3, height // 2), slice(width // 3, width // 2))
        output[square] = np.minimum(output[square].astype(int) + 20, 255)
        mask[square] = 255
        return replace(batch, output=output, mask=mask)


class Remembers(Identity):
    """Draws into each frame the mean picture brightness of the frames around it, from its notes on them."""

    context = FrameContext(before=7, after=3)

    def look(self, batch: FaceBatch) -> np.ndarray:
        return batch.frames.mean((1, 2), dtype=np.float32)

    def blend(self, batch: FaceBatch) -> FaceBatch:
        assert batch.notes is not None
        output, mask = batch.frames.copy(), np.zeros(batch.frames.shape[:3], np.uint8)
        for row, number in enumerate(batch.number.tolist()):
            first = number - self.context.before - batch.notes.start
            around = batch.notes.rows[first : number + self.context.after + 1 - batch.notes.start]
            output[row, 40:80, 40:80] = np.nanmean(around, 0).astype(np.uint8)
            mask[row, 40:80, 40:80] = 255
        return replace(batch, output=output, mask=mask)


class FailsOnce(Brighten):
    """Raises in the frame named by TOY_FAIL_FRAME until the file TOY_FAIL_UNTIL exists."""

    def generate(self, batch: FaceBatch) -> FaceBatch:
        frame, gate = int(os.environ["TOY_FAIL_FRAME"]), Path(os.environ["TOY_FAIL_UNTIL"])
        if frame in batch.number and not gate.exists():
            raise RuntimeError(f"frame {frame} is cursed")
        return batch


def known_opening(times: np.ndarray) -> np.ndarray:
    """The mouth that `Seer` claims to see: openings that do not repeat within a minute."""
    waves = (1.31, 2.17, 2.83, 3.41, 0.47)
    return 0.05 + 0.01 * sum(np.sin(2 * np.pi * wave * times + 7 * wave) for wave in waves)


class Seer(Identity):
    """Shows the sound a mouth that is known beforehand, and keeps what it is told."""

    def prepare(self, scene: Scene) -> Preparation:
        times = scene.table.times()
        opening = known_opening(times)
        driven = scene.speech.cues(MeasuredMouth(times=times, aperture=opening, width=np.zeros(len(times))))
        own = np.zeros(len(times)) if driven.own_speech is None else driven.own_speech
        return Preparation(
            shared={"own": own}, frames={"aperture": driven.cues.aperture}, report=dict(driven.report)
        )
