"""GFPGAN's decoder: StyleGAN2 without blurs, its features bent by those of the degraded face."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lipsync_ray.enhance.gfpgan_blocks import leaky, scaled
from lipsync_ray.enhance.modulated import ModulatedConv
from lipsync_ray.neural.window import Window

STYLE = 512  # numbers of one style code
CODES = 16
SIZES = (4, 8, 16, 32, 64, 128, 256, 512)  # px
WIDTHS = (512, 512, 512, 512, 512, 256, 128, 64)  # channels at each size
NOISES = tuple(size for level, size in enumerate(SIZES) for _ in range(2 if level else 1))  # px


class Condition(NamedTuple):
    """What bends one size's features: ``x * scale + shift`` on the second half of the channels."""

    scale: Tensor  # (B,C/2,h,w)
    shift: Tensor  # (B,C/2,h,w)


class StyleConv(nn.Module):
    """A modulated 3x3 convolution with noise, bias and activation; the input may be enlarged first."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.modulated_conv = ModulatedConv(cin, cout, 3, nn.Linear(STYLE, cin))
        self.weight = nn.Parameter(torch.zeros(1))  # strength of the noise
        self.bias = nn.Parameter(torch.zeros(1, cout, 1, 1))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """``x`` (B,cin,h,w), ``noise`` (1 or B,1,h,w) to (B,cout,h,w)."""
        out = self.modulated_conv(x, style, gain=2**0.5)
        return leaky(out.add_(self.weight * noise).add_(self.bias))


class ToRgb(nn.Module):
    """A modulated 1x1 convolution to three colours, without normalisation or activation."""

    def __init__(self, cin: int) -> None:
        super().__init__()
        self.modulated_conv = ModulatedConv(cin, 3, 1, nn.Linear(STYLE, cin), demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """``x`` (B,cin,h,w) to (B,3,h,w)."""
        return self.modulated_conv(x, style) + self.bias


class Constant(nn.Module):
    """The learnt picture of 4 x 4 pixels that every face starts from."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, STYLE, SIZES[0], SIZES[0]))


class StyleDecoder(nn.Module):
    """Style codes and conditions to a face.

    ``style_mlp`` is in the published files, but restoring starts from codes and never uses it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.style_mlp = nn.ModuleDict({str(i): nn.Linear(STYLE, STYLE) for i in range(1, 16, 2)})
        self.constant_input = Constant()
        self.style_conv1 = StyleConv(WIDTHS[0], WIDTHS[0])
        self.to_rgb1 = ToRgb(WIDTHS[0])
        self.style_convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        for cin, cout in pairwise(WIDTHS):
            self.style_convs += [StyleConv(cin, cout), StyleConv(cout, cout)]
            self.to_rgbs.append(ToRgb(cout))
        self.noises = nn.Module()
        for number, size in enumerate(NOISES):
            self.noises.register_buffer(f"noise{number}", torch.zeros(1, 1, size, size))

    def own_noise(self) -> list[Tensor]:
        """The noise maps of the file, by style convolution."""
        return [self.noises.get_buffer(f"noise{number}") for number in range(len(NOISES))]

    def forward(
        self,
        codes: Tensor,
        conditions: Sequence[Condition],
        noise: Sequence[Tensor],
        windows: Sequence[Window],
    ) -> Tensor:
        """Draw ``windows[-1]`` of the face, (B,3,h,w).

        Args:
            codes: ``(B,16,512)``.
            conditions: for each size from 8 px on, of the window grown by one pixel.
            noise: a whole map ``(1 or B,1,size,size)`` for each style convolution.
            windows: wanted of each size, see ``decoder_windows``.
        """
        x = self.constant_input.weight.expand(len(codes), -1, -1, -1)
        x = self.style_conv1(x, codes[:, 0], noise[0])
        picture = self.to_rgb1(x, codes[:, 1])
        x, picture = (windows[0].cut(part, Window.whole(SIZES[0])) for part in (x, picture))
        for level in range(1, len(SIZES)):
            held, wanted, size = windows[level - 1].doubled(), windows[level], SIZES[level]
            first, second = wanted.grown(2, size), wanted.grown(1, size)
            index, maps = 2 * level - 1, noise[2 * level - 1 : 2 * level + 1]
            whole = Window.whole(size)
            x = first.cut(scaled(x, 2), held)
            x = self.style_convs[index - 1](x, codes[:, index], first.cut(maps[0], whole))
            x = _bent(second.cut(x, first), conditions[level - 1])
            x = self.style_convs[index](x, codes[:, index + 1], second.cut(maps[1], whole))
            x = wanted.cut(x, second)
            picture = wanted.cut(scaled(picture, 2), held)
            picture = picture + self.to_rgbs[level - 1](x, codes[:, index + 2])
        return picture


def _bent(x: Tensor, condition: Condition) -> Tensor:
    kept, bent = x.chunk(2, dim=1)
    return torch.cat([kept, bent * condition.scale + condition.shift], dim=1)


def decoder_windows(window: Window) -> list[Window]:
    """What the decoder must have of each size, from 4 px up, to draw a window of the largest exactly."""
    windows = [window]
    for finer, size in zip(SIZES[:0:-1], SIZES[-2::-1], strict=True):
        windows.append(windows[-1].grown(2, finer).halved(1, size))
    return windows[::-1]
