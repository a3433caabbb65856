"""The part of D-Net that draws the moved picture anew."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lipsync_ray.engines.video_retalking.norms import AdaIN, NormBlock, enlarged

_WIDTHS = (64, 128, 256, 256)  # channels at 256, 128, 64, 32 px


class EditingNet(nn.Module):
    """Picture, moved picture and vector to the new picture."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self.encoder, self.decoder = EditingEncoder(), EditingDecoder(told)

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


class EditingDecoder(nn.Module):
    """From 32 px back to 256; what the encoder saw is added at each size."""

    def __init__(self, told: int) -> None:
        super().__init__()
        for level in (2, 1, 0):
            inner, outer = _WIDTHS[level + 1], _WIDTHS[level]
            blocks = {f"res{number}": EditingBlock(inner, told) for number in (0, 1)}
            self.add_module(f"res{level}", nn.ModuleDict(blocks))
            self.add_module(f"up{level}", NormBlock(inner, outer))
            self.add_module(f"jump{level}", NormBlock(outer, outer))
        last = nn.Sequential(nn.Conv2d(_WIDTHS[0], 3, 7, padding=3), nn.Tanh())
        self.final = nn.ModuleDict({"model": last})

    def forward(self, seen: list[Tensor], told: Tensor) -> Tensor:
        """The picture ``[B,3,256,256]``."""
        x = seen[-1]
        for level in (2, 1, 0):
            for block in self.get_submodule(f"res{level}").children():
                x = block(x, told)
            x = self.get_submodule(f"up{level}")(enlarged(x))
            x = x + self.get_submodule(f"jump{level}")(seen[level])
        return self.final["model"](x)


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
