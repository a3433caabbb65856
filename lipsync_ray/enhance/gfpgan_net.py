"""GFPGAN (Wang et al. 2021), the "clean" architecture that versions 1.2 to 1.4 share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from lipsync_ray.enhance.gfpgan_blocks import SLOPE, ScalingBlock, condition_head, leaky
from lipsync_ray.enhance.gfpgan_decoder import (
    CODES,
    SIZES,
    STYLE,
    Condition,
    StyleDecoder,
    decoder_windows,
)
from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.window import Window

SIDE = SIZES[-1]  # px of the faces
_WIDTHS = (256, 256, 256, 256, 256, 128, 64, 32)  # channels of the U-Net at SIZES


class GfpganNet(nn.Module):
    """A degraded face to a restored one.

    A U-Net turns the face into style codes and, on its way up, into a scale and a shift for the features
    of each size of a StyleGAN2 decoder. ``toRGB`` is in the published files and serves training alone.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = _WIDTHS
        falling, rising = widths[::-1], widths
        self.conv_body_first = nn.Conv2d(3, falling[0], 1)
        self.conv_body_down = nn.ModuleList(ScalingBlock(cin, cout, 0.5) for cin, cout in pairwise(falling))
        self.final_conv = nn.Conv2d(widths[0], widths[0], 3, padding=1)
        self.final_linear = nn.Linear(widths[0] * SIZES[0] ** 2, CODES * STYLE)
        self.conv_body_up = nn.ModuleList(ScalingBlock(cin, cout, 2) for cin, cout in pairwise(rising))
        self.toRGB = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in rising[1:])
        self.condition_scale = nn.ModuleList(condition_head(width) for width in rising[1:])
        self.condition_shift = nn.ModuleList(condition_head(width) for width in rising[1:])
        self.stylegan_decoder = StyleDecoder()

    def forward(
        self,
        face: Tensor,
        noise: Sequence[Tensor] | None = None,
        window: tuple[int, int, int, int] | None = None,
    ) -> Tensor:
        """Restore faces ``(B,3,512,512)``, RGB in -1..1; the result is in about the same range.

        Args:
            face: aligned to GFPGAN's template.
            noise: 15 maps ``(1 or B,1,size,size)``; None: those of the file.
            window: ``(y0, y1, x0, x1)``: only this part of the result, computed exactly but from no more
                than what it depends on; None: all of it.
        """
        wanted = decoder_windows(Window.inside(SIDE, window))
        down = self._down(face)
        x = leaky(self.final_conv(down[0]))
        codes = self.style_codes(x).view(-1, CODES, STYLE)
        maps = self.stylegan_decoder.own_noise() if noise is None else noise
        return self.stylegan_decoder(codes, self._conditions(x, down, wanted), maps, wanted)

    def style_codes(self, x: Tensor) -> Tensor:
        """The features of 4 px after ``final_conv`` to all style codes in a row, ``(B,8192)``."""
        return self.final_linear(x.flatten(1))

    def _down(self, face: Tensor) -> list[Tensor]:
        """Features of each size, 4 px first. All of the face counts: the codes depend on it."""
        x = functional.leaky_relu(self.conv_body_first(face), SLOPE)
        features: list[Tensor] = []
        for block in self.conv_body_down:
            x = block(x)
            features.append(x)
        return features[::-1]

    def _conditions(self, x: Tensor, down: Sequence[Tensor], wanted: Sequence[Window]) -> list[Condition]:
        """Scale and shift for each size from 8 px on, of the wanted windows grown by one pixel."""
        held, conditions = Window.whole(SIZES[0]), []
        needed = _up_windows(wanted)
        for level in range(1, len(SIZES)):
            size, read = SIZES[level], needed[level - 1]
            x = read.cut(x, held) + read.cut(down[level - 1], Window.whole(SIZES[level - 1]))
            x = self.conv_body_up[level - 1](x)
            held = read.doubled()
            source, target = wanted[level].grown(3, size), wanted[level].grown(1, size)
            seen = source.cut(x, held)
            heads = (self.condition_scale[level - 1], self.condition_shift[level - 1])
            scale, shift = (target.cut(head(seen), source) for head in heads)
            conditions.append(Condition(scale, shift))
        return conditions


def _up_windows(wanted: Sequence[Window]) -> list[Window]:
    """What each step of the way up must read of its own size, from 4 px on.

    A step's two 3x3 convolutions and its bilinear enlargement between them reach two pixels of the
    result and one of what is read; a condition's two reach three beyond the decoder's window, one of which
    the decoder itself asks for.
    """
    needed: list[Window] = []
    after: Window | None = None
    for level in range(len(SIZES) - 1, 0, -1):
        made = wanted[level].grown(3, SIZES[level])
        made = made if after is None else made.united(after)
        after = made.grown(1, SIZES[level]).halved(1, SIZES[level - 1]).grown(1, SIZES[level - 1])
        needed.append(after)
    return needed[::-1]


def load_gfpgan(path: Path) -> GfpganNet:
    """The network with the weights of a published file (``GFPGANv1.3.pth``, ``GFPGANv1.4.pth``).

    Raises:
        WeightsCorrupt: it is no such file; version 1 has another architecture.
    """
    net = GfpganNet()
    load_weights(net, read_tensors(path, ("params_ema", "params")), path.name)
    return net
