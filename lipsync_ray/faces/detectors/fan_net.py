"""FAN (Bulat and Tzimiropoulos 2017): heat maps of 68 landmarks by four stacked hourglasses."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from lipsync_ray.neural.checkpoint import load_weights, read_tensors

LANDMARKS = 68
SIDE = 256  # px, of the picture
MAP_SIDE = 64  # px, of the maps
_STACKS = 4
_DEPTH = 4  # halvings in an hourglass
_WIDTH = 256  # channels inside


class FanNet(nn.Module):
    """23.8 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = Block(64, 128)
        self.conv3 = Block(128, 128)
        self.conv4 = Block(128, _WIDTH)
        for stack in range(_STACKS):
            self.add_module(f"m{stack}", Hourglass())
            self.add_module(f"top_m_{stack}", Block(_WIDTH, _WIDTH))
            self.add_module(f"conv_last{stack}", nn.Conv2d(_WIDTH, _WIDTH, 1))
            self.add_module(f"bn_end{stack}", nn.BatchNorm2d(_WIDTH))
            self.add_module(f"l{stack}", nn.Conv2d(_WIDTH, LANDMARKS, 1))
            if stack < _STACKS - 1:
                self.add_module(f"bl{stack}", nn.Conv2d(_WIDTH, _WIDTH, 1))
                self.add_module(f"al{stack}", nn.Conv2d(LANDMARKS, _WIDTH, 1))

    def forward(self, face: Tensor) -> Tensor:
        """Maps ``[B,68,64,64]`` of the last hourglass for faces ``[B,3,256,256]``, RGB in 0..1."""
        x = relu(self.bn1(self.conv1(face)))
        x = self.conv4(self.conv3(avg_pool2d(self.conv2(x), 2)))
        for stack in range(_STACKS - 1):
            features, maps = self._stack(stack, x)
            x = x + self._part(f"bl{stack}", features) + self._part(f"al{stack}", maps)
        return self._stack(_STACKS - 1, x)[1]

    def _stack(self, stack: int, x: Tensor) -> tuple[Tensor, Tensor]:
        for name in ("m", "top_m_", "conv_last", "bn_end"):
            x = self._part(f"{name}{stack}", x)
        features = relu(x)
        return features, self._part(f"l{stack}", features)

    def _part(self, name: str, x: Tensor) -> Tensor:
        return self.get_submodule(name)(x)


class Hourglass(nn.Module):
    """Halves and doubles its input four times, with a way around at each size."""

    def __init__(self) -> None:
        super().__init__()
        for level in range(_DEPTH, 0, -1):
            for name in ("b1", "b2", "b3"):
                self.add_module(f"{name}_{level}", Block(_WIDTH, _WIDTH))
        self.b2_plus_1 = Block(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,256,h,w]`` to the same shape; sides are multiples of 16."""
        return self._level(_DEPTH, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        around = self.get_submodule(f"b1_{level}")(x)
        small = self.get_submodule(f"b2_{level}")(avg_pool2d(x, 2))
        small = self._level(level - 1, small) if level > 1 else self.b2_plus_1(small)
        small = self.get_submodule(f"b3_{level}")(small)
        return around + interpolate(small, scale_factor=2, mode="nearest")


class Block(nn.Module):
    """Three 3x3 convolutions in a row after norms and ReLUs: their results side by side, plus the input."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        widths = (inner, outer // 2, outer // 4, outer // 4)
        for number, (before, after) in enumerate(pairwise(widths), 1):
            self.add_module(f"bn{number}", nn.BatchNorm2d(before))
            self.add_module(f"conv{number}", nn.Conv2d(before, after, 3, 1, 1, bias=False))
        self.downsample: nn.Module | None = None
        if inner != outer:
            around = nn.Conv2d(inner, outer, 1, bias=False)
            self.downsample = nn.Sequential(nn.BatchNorm2d(inner), nn.ReLU(), around)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,h,w]``."""
        made, parts = x, []
        for number in (1, 2, 3):
            made = relu(self.get_submodule(f"bn{number}")(made))
            made = self.get_submodule(f"conv{number}")(made)
            parts.append(made)
        return torch.cat(parts, 1) + (x if self.downsample is None else self.downsample(x))


def load_fan(path: Path) -> FanNet:
    """The network of a file with FAN's keys, TorchScript (``2DFAN4-*.zip``) or flat.

    Raises:
        WeightsCorrupt: it is none.
    """
    net = FanNet().eval()
    load_weights(net, read_tensors(path, ("state_dict",)), path.name)
    return net


def peaks(maps: Tensor) -> Tensor:
    """Where maps ``[B,68,h,w]`` are highest: ``int64[B,68]``, row times width plus column."""
    return maps.flatten(2).argmax(-1)
