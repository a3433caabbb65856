"""The part of D-Net that draws the moved picture anew."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lipsync_ray.engines.video_retalking.norms import AdaIN, NormBlock
from lipsync_ray.engines.video_retalking.skip_decoder import SkipDecoder

_WIDTHS = (64, 128, 256, 256)  # channels at 256, 128, 64, 32 px


class EditingNet(nn.Module):
    """Picture, moved picture and vector to the new picture."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self.encoder = EditingEncoder()
        inner, outer = _WIDTHS[1:], _WIDTHS[:-1]
        self.decoder = SkipDecoder(inner, outer, lambda width: EditingBlock(width, told), 2, nn.Tanh())

    def forward(self, image: Tensor, warped: Tensor, told: Tensor) -> Tensor:
        """``[B,3,256,256]``, -1..1."""
        return self.decoder(self.encoder(torch.cat([image, warped], 1)), told)


class EditingEncoder(nn.Module):
    """Features at four sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = NormBlock(6, _WIDTHS[0], 7)
        self.down0, self.down1, self.down2 = (NormBlock(inner, outer) for inner, outer in pairwise(_WIDTHS))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features at 256, 128, 64 and 32 px."""
        seen = [self.first(x)]
        for down in (self.down0, self.down1, self.down2):
            seen.append(avg_pool2d(down(seen[-1]), 2))
        return seen


class EditingBlock(nn.Module):
    """``x + norm2(conv2(x))``.

    ``conv1`` and ``norm1`` are in the published file; the authors' code computes them and then overwrites the
    result, so they change nothing and are not run.
    """

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1, self.norm2 = AdaIN(channels, told), AdaIN(channels, told)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """``[B,C,h,w]`` to the same."""
        return x + self.norm2(self.conv2(x), told)
