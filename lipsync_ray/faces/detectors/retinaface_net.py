"""RetinaFace (Deng et al. 2019) on ResNet-50 or MobileNet x0.25; keys as in the published files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.resnet import ResNet50, fold_resnet

Backbone = Literal["resnet50", "mobilenet"]

ANCHORS = 2  # sizes at each place of a map
_INNER = {"resnet50": (512, 1024, 2048), "mobilenet": (64, 128, 256)}  # channels at 1/8, 1/16, 1/32
_WIDTH = {"resnet50": 256, "mobilenet": 64}  # channels of the pyramid
_SLOPE = {"resnet50": 0.0, "mobilenet": 0.1}  # of the pyramid's leaky ReLUs
_BODY_SLOPE = 0.1  # of MobileNet's
# Output channels and strides of MobileNet's blocks; the first block is a plain convolution.
_MOBILE_STAGES = (
    ((8, 2), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)),
    ((128, 2), *((128, 1),) * 5),
    ((256, 2), (256, 1)),
)


class RetinaFaceNet(nn.Module):
    """Boxes, scores and five points for every prior (see priors.py)."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        width, slope = _WIDTH[backbone], _SLOPE[backbone]
        self.body = ResNet50() if backbone == "resnet50" else MobileNetQuarter()
        self.fpn = Pyramid(_INNER[backbone], width, slope)
        self.ssh1 = Context(width, slope)
        self.ssh2 = Context(width, slope)
        self.ssh3 = Context(width, slope)
        self.ClassHead = _heads(width, 2)
        self.BboxHead = _heads(width, 4)
        self.LandmarkHead = _heads(width, 10)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at pictures of any size.

        Args:
            picture: ``[B,3,H,W]``, BGR in 0..255 minus (104, 117, 123).

        Returns:
            Boxes ``[B,N,4]`` and points ``[B,N,10]`` relative to the priors, and between them the
            probabilities ``[B,N,2]`` of background and face.
        """
        seen = self.fpn(self.body(picture)[-3:])
        features = [ssh(x) for ssh, x in zip((self.ssh1, self.ssh2, self.ssh3), seen, strict=True)]
        boxes, scores, points = (
            torch.cat([head(x) for head, x in zip(heads, features, strict=True)], 1)
            for heads in (self.BboxHead, self.ClassHead, self.LandmarkHead)
        )
        return boxes, scores.softmax(-1), points


class MobileNetQuarter(nn.Module):
    """MobileNet v1 with a quarter of the channels, up to the last convolution."""

    def __init__(self) -> None:
        super().__init__()
        inner = 3
        for number, blocks in enumerate(_MOBILE_STAGES, 1):
            made: list[nn.Module] = []
            for outer, stride in blocks:
                made.append(_unit(3, outer, stride) if inner == 3 else _separable(inner, outer, stride))
                inner = outer
            self.add_module(f"stage{number}", nn.Sequential(*made))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features with 64, 128 and 256 channels at 1/8, 1/16 and 1/32 of the size."""
        seen = []
        for number in range(1, len(_MOBILE_STAGES) + 1):
            x = self.get_submodule(f"stage{number}")(x)
            seen.append(x)
        return seen


class Pyramid(nn.Module):
    """Feature pyramid of three levels, added from the coarsest to the finest."""

    def __init__(self, inner: tuple[int, int, int], width: int, slope: float) -> None:
        super().__init__()
        for number, channels in enumerate(inner, 1):
            self.add_module(f"output{number}", _unit(channels, width, kernel=1, slope=slope))
        self.merge1 = _unit(width, width, slope=slope)
        self.merge2 = _unit(width, width, slope=slope)

    def forward(self, seen: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of the body to as many of ``width`` channels, each of its own size."""
        fine, middle, coarse = (self.get_submodule(f"output{number}")(x) for number, x in enumerate(seen, 1))
        middle = self.merge2(middle + interpolate(coarse, size=middle.shape[2:], mode="nearest"))
        fine = self.merge1(fine + interpolate(middle, size=fine.shape[2:], mode="nearest"))
        return fine, middle, coarse


class Context(nn.Module):
    """SSH context module (Najibi et al. 2017): 3x3, 5x5 and 7x7 surroundings by stacked 3x3 ones."""

    def __init__(self, width: int, slope: float) -> None:
        super().__init__()
        half, quarter = width // 2, width // 4
        self.conv3X3 = _norm(width, half)
        self.conv5X5_1 = _unit(width, quarter, slope=slope)
        self.conv5X5_2 = _norm(quarter, quarter)
        self.conv7X7_2 = _unit(quarter, quarter, slope=slope)
        self.conv7x7_3 = _norm(quarter, quarter)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,width,h,w]`` to the same shape."""
        shared = self.conv5X5_1(x)
        wide = self.conv7x7_3(self.conv7X7_2(shared))
        return relu(torch.cat([self.conv3X3(x), self.conv5X5_2(shared), wide], 1))


class Head(nn.Module):
    """``values`` numbers for each prior of one level."""

    def __init__(self, width: int, values: int) -> None:
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(width, ANCHORS * values, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,width,h,w]`` to ``[B, 2 h w, values]``, row by row, the sizes of a place together."""
        return self.conv1x1(x).permute(0, 2, 3, 1).reshape(len(x), -1, self.values)


def _heads(width: int, values: int) -> nn.ModuleList:
    return nn.ModuleList(Head(width, values) for _ in range(3))


def _norm(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inner, outer, 3, 1, 1, bias=False), nn.BatchNorm2d(outer))


def _unit(
    inner: int, outer: int, stride: int = 1, *, kernel: int = 3, slope: float = _BODY_SLOPE
) -> nn.Sequential:
    conv = nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outer), nn.LeakyReLU(slope, inplace=True))


def _separable(inner: int, outer: int, stride: int) -> nn.Sequential:
    by_channel = nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False)
    around = (nn.BatchNorm2d(inner), nn.LeakyReLU(_BODY_SLOPE, inplace=True))
    return nn.Sequential(by_channel, *around, *_unit(inner, outer, kernel=1))


def load_retinaface(path: Path, backbone: Backbone) -> RetinaFaceNet:
    """The network of a published file, batch norms folded.

    Reads ``RetinaFace-R50.pth``, ``detection_Resnet50_Final.pth`` and ``*mobilenet0.25_Final.pth``: flat
    or under ``state_dict``, with or without ``module.`` before the keys.

    Raises:
        WeightsCorrupt: it is none.
    """
    net = RetinaFaceNet(backbone)
    load_weights(net, read_tensors(path, ("state_dict",)), path.name, skip=("body.fc.",))
    return fold_resnet(net)
