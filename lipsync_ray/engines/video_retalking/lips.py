"""L-Net and E-Net: lips for the sound, on a reference face, in the finer picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lipsync_ray.engines.base import Resources
from lipsync_ray.engines.pictures import network_faces, to_pictures
from lipsync_ray.engines.video_retalking.enet import ENet, face_noise, load_enet
from lipsync_ray.engines.video_retalking.lnet import load_lnet
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

SIDE = 384  # px, of E-Net's faces
# Rows and columns of the face that are drawn: y0, y1, x0, x1. The mouth and the jaw lie inside in every box,
# and what lies outside is never joined. Always the same, so that a frame never depends on its batch.
WINDOW = (160, 384, 32, 352)


class LipPainter:
    """Draws the lower faces of a batch.

    Args:
        paths: weight files by name.
        resources: how networks compute.
        seed: of E-Net's noise.
        whole: draw whole faces, not only their ``WINDOW``.
    """

    def __init__(
        self, paths: Mapping[str, Path], resources: Resources, seed: int, *, whole: bool = False
    ) -> None:
        self._paths, self._resources, self._seed = paths, resources, seed
        self._window = None if whole else WINDOW

    @cached_property
    def _net(self) -> tuple[Runtime, ENet, Batches]:
        runtime = Runtime(self._resources.compute, self._resources.threads)
        net = load_enet(self._paths["vrt_enet"], load_lnet(self._paths["vrt_lnet"]))
        return runtime, runtime.place(net), Batches(runtime.batch_size(cpu=1, gpu=8))

    def paint(
        self, faces: np.ndarray, references: np.ndarray, mel: np.ndarray, numbers: np.ndarray
    ) -> np.ndarray:
        """The ``WINDOW`` of each new face, or all of it, RGB ``uint8[N,h,w,3]``.

        Args:
            faces: the source's own faces, RGB ``uint8[N,384,384,3]``.
            references: the faces whose look and calm mouth is taken.
            mel: ``float32[N,1,80,16]``.
            numbers: output frames, which choose the noise.
        """
        runtime, net, batches = self._net
        own, calm = network_faces(faces), network_faces(references)
        both = np.concatenate([own[:, :3], calm[:, 3:]], 1)
        noise = [runtime.send(part) for part in face_noise(self._seed, numbers)]

        def draw(mel: Tensor, face: Tensor, *maps: Tensor) -> Tensor:
            return net(mel, face, face[:, 3:], list(maps), window=self._window)[0]

        with runtime.inference():
            made = batches.run(draw, runtime.send(mel), runtime.send(both), *noise)
        return to_pictures(runtime.fetch(torch.clamp(made, 0, 1)))


def window_boxes(boxes: np.ndarray) -> np.ndarray:
    """Where the ``WINDOW`` of faces in ``boxes [N,4]`` lies, ``float64[N,4]`` x0 y0 x1 y1."""
    y0, y1, x0, x1 = (edge / SIDE for edge in WINDOW)
    corner, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    return np.concatenate([corner + size * [x0, y0], corner + size * [x1, y1]], 1)
