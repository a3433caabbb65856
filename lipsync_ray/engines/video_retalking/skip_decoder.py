"""The way up that D-Net and L-Net share: blocks told a vector, doubling, what the encoder saw added."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from lipsync_ray.engines.video_retalking.norms import NormBlock, enlarged


class SkipDecoder(nn.Module):
    """Features of four sizes to a picture of the largest.

    Args:
        inner: channels that come in at each size but the largest, by level: the smallest last.
        outer: channels that leave for the next larger size, by level.
        block: makes a block of so many channels; called with features and the vector.
        count: blocks at each size.
        last: what the picture's values go through.
    """

    def __init__(
        self,
        inner: Sequence[int],
        outer: Sequence[int],
        block: Callable[[int], nn.Module],
        count: int,
        last: nn.Module,
    ) -> None:
        super().__init__()
        self._levels = range(len(inner) - 1, -1, -1)
        for level in self._levels:
            blocks = {f"res{number}": block(inner[level]) for number in range(count)}
            self.add_module(f"res{level}", nn.ModuleDict(blocks))
            self.add_module(f"up{level}", NormBlock(inner[level], outer[level]))
            self.add_module(f"jump{level}", NormBlock(outer[level], outer[level]))
        drawn = nn.Sequential(nn.Conv2d(outer[0], 3, 7, padding=3), last)
        self.final = nn.ModuleDict({"model": drawn})

    def forward(self, seen: list[Tensor], told: Tensor) -> Tensor:
        """The picture ``[B,3,H,W]`` from features, the largest first, and a vector ``[B,C]``."""
        x = seen[-1]
        for level in self._levels:
            for block in self.get_submodule(f"res{level}").children():
                x = block(x, told)
            x = self.get_submodule(f"up{level}")(enlarged(x))
            x = x + self.get_submodule(f"jump{level}")(seen[level])
        return self.final["model"](x)
