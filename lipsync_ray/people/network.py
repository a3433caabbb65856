"""The network that turns a face into 128 numbers: dlib's ResNet of 29 convolutions, in NumPy.

King, "High quality face recognition with deep metric learning" (2017): He et al.'s ResNet-34 with fewer
layers and half as many filters, trained so that two faces of one person are less than 0.6 apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.people.tensors import read_layers

SIDE = 150  # px of the picture it sees
LENGTH = 128  # numbers that describe a face
_MEAN = np.array([122.782, 117.001, 104.298], np.float32)  # RGB of the pictures that it learnt from
# Filters of each residual block, in order, and whether it halves the picture.
_BLOCKS = [
    *([(32, False)] * 3),
    *((64, True), *([(64, False)] * 3)),
    *((128, True), *([(128, False)] * 2)),
    *((256, True), *([(256, False)] * 2)),
    (256, True),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filters:
    """A convolution with the scaling that follows it worked in."""

    weights: np.ndarray  # float32[k,k,c,n]
    bias: np.ndarray  # float32[n]

    def __call__(self, x: np.ndarray, stride: int, pad: int) -> np.ndarray:
        """``float32[h,w,c]`` becomes ``float32[h',w',n]``."""
        side, _, channels, count = self.weights.shape
        x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
        windows = sliding_window_view(x, (side, side), (0, 1))[::stride, ::stride]  # h', w', c, k, k
        columns = windows.transpose(0, 1, 3, 4, 2).reshape(-1, side * side * channels)
        out = columns @ self.weights.reshape(-1, count) + self.bias
        return out.reshape(*windows.shape[:2], count)


class FaceNetwork:
    """Of one process; about 30 ms a face. Raises WeightsCorrupt for a file that is another network."""

    def __init__(self, path: Path) -> None:
        layers = read_layers(path)
        kinds = [kind for kind, _ in layers]
        convolutions = 1 + 2 * len(_BLOCKS)
        if kinds != [*(["con_4", "affine_"] * convolutions), "fc_2"]:
            raise WeightsCorrupt(f"{path.name} is another network than the one that describes faces")
        values = iter([weights for _, weights in layers])
        try:
            self._first = _filters(next(values), next(values), 7, 3, 32)
            self._blocks: list[tuple[_Filters, _Filters, bool]] = []
            channels = 32
            for count, halves in _BLOCKS:
                one = _filters(next(values), next(values), 3, channels, count)
                two = _filters(next(values), next(values), 3, count, count)
                self._blocks.append((one, two, halves))
                channels = count
            self._last = next(values).reshape(channels, LENGTH)
        except ValueError as error:
            raise WeightsCorrupt(f"{path.name} has other sizes than expected ({error})") from error

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """A face ``uint8[150,150,3]`` as ``float32[128]``."""
        x = (rgb.astype(np.float32) - _MEAN) / np.float32(256)
        x = _shrunk(np.maximum(self._first(x, 2, 0), 0), 3, "max")
        for one, two, halves in self._blocks:
            inner = np.maximum(one(x, 2, 0) if halves else one(x, 1, 1), 0)
            x = np.maximum(_sum(two(inner, 1, 1), _shrunk(x, 2, "mean") if halves else x), 0)
        return x.mean((0, 1)) @ self._last


def _filters(weights: np.ndarray, scaling: np.ndarray, side: int, channels: int, count: int) -> _Filters:
    kernel = weights[:-count].reshape(count, channels, side, side).transpose(2, 3, 1, 0)
    gamma, beta = scaling.reshape(2, count)
    return _Filters(weights=kernel * gamma, bias=weights[-count:] * gamma + beta)


def _shrunk(x: np.ndarray, side: int, how: str) -> np.ndarray:
    """Windows of ``side`` at every second place, each as its highest value or its mean."""
    windows = sliding_window_view(x, (side, side), (0, 1))[::2, ::2]
    return windows.max((3, 4)) if how == "max" else windows.mean((3, 4))


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum of two stacks of pictures; the smaller ones are taken as 0 where they have nothing."""
    shape = tuple(max(pair) for pair in zip(a.shape, b.shape, strict=True))
    out = np.zeros(shape, np.float32)
    for x in (a, b):
        out[: x.shape[0], : x.shape[1], : x.shape[2]] += x
    return out
