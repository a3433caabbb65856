"""RetinaFace as a detector."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lipsync_ray.faces.detectors.base import Candidates, NetDetector
from lipsync_ray.faces.detectors.priors import decode_boxes, decode_points, priors
from lipsync_ray.faces.detectors.retinaface_net import Backbone, RetinaFaceNet, load_retinaface
from lipsync_ray.neural.runtime import Runtime

_priors = lru_cache(maxsize=8)(priors)  # pictures of a video have few sizes


class RetinaFace(NetDetector):
    """Boxes and five points: right eye, left eye (of the person), nose, right and left corner of the mouth.

    The network's first point is the eye on the left of the picture, which is the person's right one.
    """

    overlap = 0.4  # as in GPEN and facexlib

    def __init__(self, net: RetinaFaceNet, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._net = runtime.place(net)

    @classmethod
    def load(cls, path: Path, backbone: Backbone, runtime: Runtime) -> RetinaFace:
        """The detector of a published file.

        Raises:
            WeightsCorrupt: it is none of this backbone.
        """
        return cls(load_retinaface(path, backbone), runtime)

    def look(self, pictures: Tensor) -> Tensor:
        """Box, probability of a face and points of every prior: ``[B,N,15]``."""
        boxes, scores, points = self._net(pictures)
        return torch.cat([boxes, scores[..., 1:], points], 2)

    def read(self, raw: np.ndarray, height: int, width: int, min_score: float) -> Candidates:
        """Candidates of at least this score out of ``float32[N,15]`` for a picture of this size."""
        kept = np.flatnonzero(raw[:, 4] >= min_score)
        chosen, places = raw[kept], _priors(height, width)[kept]
        return Candidates(
            boxes=decode_boxes(chosen[:, :4], places),
            scores=chosen[:, 4],
            points=decode_points(chosen[:, 5:], places),
        )
