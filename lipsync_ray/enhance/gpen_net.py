"""GPEN-BFR-512 (Yang et al. 2021): an encoder and a StyleGAN2 generator fed by its features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from lipsync_ray.enhance.gpen_layers import STYLE, Bias, EqualLinear, Kernel, PixelConv, StyleConv, ToRgb
from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.window import Window

SIZES = (4, 8, 16, 32, 64, 128, 256, 512)  # px
WIDTHS = (512, 512, 512, 512, 512, 256, 128, 64)  # channels at each size
SIDE = SIZES[-1]  # px of the faces
_MLP_LAYERS, _MLP_RATE = 8, 0.01
_EPSILON = 1e-8


class PixelNorm(nn.Module):
    """A row divided by the root of its mean square."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B,C)``."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + _EPSILON)


class Start(nn.Module):
    """The learnt picture of 4 x 4 pixels that every face starts from."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.zeros(1, WIDTHS[0], SIZES[0], SIZES[0]))


class Generator(nn.Module):
    """One style code and the encoder's features to a face."""

    def __init__(self) -> None:
        super().__init__()
        layers = [EqualLinear(STYLE, STYLE, _MLP_RATE, active=True) for _ in range(_MLP_LAYERS)]
        self.style = nn.Sequential(PixelNorm(), *layers)
        self.input = Start()
        self.conv1 = StyleConv(WIDTHS[0], WIDTHS[0])
        self.to_rgb1 = ToRgb(2 * WIDTHS[0], first=True)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        for cin, cout in pairwise(WIDTHS):
            self.convs += [StyleConv(2 * cin, cout, enlarge=True), StyleConv(2 * cout, cout)]
            self.to_rgbs.append(ToRgb(2 * cout))

    def forward(self, style: Tensor, features: Sequence[Tensor], windows: Sequence[Window]) -> Tensor:
        """Draw ``windows[-1]`` of the face, (B,3,h,w).

        Args:
            style: ``(B,512)``, what ``style`` made of the encoder's code.
            features: whole, ``(B,C,size,size)``, 4 px first.
            windows: wanted of each size, see ``generator_windows``.
        """
        start, wanted = Window.whole(SIZES[0]), windows[0]
        x = self.input.input.expand(len(style), -1, -1, -1)
        x = self.conv1(x, style, features[0], start, wanted)
        picture = self.to_rgb1(x, style, None, start, wanted)
        for level in range(1, len(SIZES)):
            held, wanted, feature = windows[level - 1].doubled(), windows[level], features[level]
            around = wanted.grown(1, SIZES[level])
            x = self.convs[2 * level - 2](x, style, feature, held, around)
            x = self.convs[2 * level - 1](x, style, feature, around, wanted)
            picture = self.to_rgbs[level - 1](x, style, picture, held, wanted)
        return picture


def generator_windows(window: Window) -> list[Window]:
    """What the generator must have of each size, from 4 px up, to draw a window of the largest exactly.

    An enlarging convolution (stride 2, then a blur of four) gets two pixels wrong at an edge.
    """
    windows = [window]
    for finer, size in zip(SIZES[:0:-1], SIZES[-2::-1], strict=True):
        windows.append(windows[-1].grown(1, finer).halved(2, size))
    return windows[::-1]


def _first(cout: int) -> nn.Module:
    """``ecd0``: the face at full size to features."""
    return nn.Sequential(nn.Sequential(PixelConv(3, cout), Bias(cout)))


def _down(cin: int, cout: int) -> nn.Module:
    """``ecd1`` to ``ecd7``: half the size by a blur and a convolution with stride 2."""
    blur = Kernel(padding=2, factor=(9 * cin) ** -0.5)
    return nn.Sequential(nn.Sequential(blur, nn.Conv2d(cin, cout, 3, 2, bias=False), Bias(cout)))


class GpenNet(nn.Module):
    """A degraded face to a restored one."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator()
        self.ecd0 = _first(WIDTHS[-1])
        for number, (cin, cout) in enumerate(pairwise(WIDTHS[::-1]), start=1):
            self.add_module(f"ecd{number}", _down(cin, cout))
        self.final_linear = nn.Sequential(EqualLinear(WIDTHS[0] * SIZES[0] ** 2, STYLE, active=True))

    def forward(self, face: Tensor, window: tuple[int, int, int, int] | None = None) -> Tensor:
        """Restore faces ``(B,3,512,512)``, RGB in -1..1; the result is in about the same range.

        Args:
            face: aligned to GPEN's template.
            window: ``(y0, y1, x0, x1)``: only this part of the result, computed exactly but from no more
                than what it depends on; None: all of it.
        """
        wanted = generator_windows(Window.inside(SIDE, window))
        features = self.features(face)
        return self.generator(self.latent(features[0]), features, wanted)

    def features(self, face: Tensor) -> list[Tensor]:
        """The encoder's features of each size, 4 px first. All of the face counts: the style needs it."""
        features = [self.ecd0(face)]
        for number in range(1, len(SIZES)):
            features.append(self.get_submodule(f"ecd{number}")(features[-1]))
        return features[::-1]

    def latent(self, smallest: Tensor) -> Tensor:
        """The style ``(B,512)`` from the features of 4 px."""
        return self.generator.style(self.final_linear(smallest.flatten(1)))


def load_gpen(path: Path) -> GpenNet:
    """The network with the weights of a published file (``GPEN-BFR-512.pth``).

    Raises:
        WeightsCorrupt: it is no such file.
    """
    net = GpenNet()
    load_weights(net, read_tensors(path, ("g_ema",)), path.name)
    return net
