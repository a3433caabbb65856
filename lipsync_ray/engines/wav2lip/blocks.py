"""The unit of Wav2Lip's networks: convolution, batch norm, perhaps the input added, ReLU."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import relu

Pair = int | tuple[int, int]


class ConvUnit(nn.Module):
    """A convolution with batch norm; with ``residual`` its input is added before the ReLU."""

    def __init__(
        self,
        inner: int,
        outer: int,
        kernel: int,
        stride: Pair = 1,
        padding: int = 0,
        *,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(inner, outer, kernel, stride, padding), nn.BatchNorm2d(outer)
        )
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,h',w']``."""
        made = self.conv_block(x)
        return relu(made + x if self.residual else made)


class UpUnit(nn.Module):
    """A transposed convolution with batch norm and ReLU."""

    def __init__(
        self, inner: int, outer: int, stride: int = 2, padding: int = 1, output_padding: int = 1
    ) -> None:
        super().__init__()
        up = nn.ConvTranspose2d(inner, outer, 3, stride, padding, output_padding)
        self.conv_block = nn.Sequential(up, nn.BatchNorm2d(outer))

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,h',w']``."""
        return relu(self.conv_block(x))


def residuals(channels: int, count: int) -> list[ConvUnit]:
    """So many 3x3 units that add their input."""
    return [ConvUnit(channels, channels, 3, padding=1, residual=True) for _ in range(count)]


def audio_encoder(stages: Sequence[tuple[int, Pair, int]]) -> nn.Sequential:
    """Sound ``[B,1,80,16]`` to ``[B,512,1,1]``, by stages of channels, stride and residual units."""
    units: list[nn.Module] = []
    channels = 1
    for outer, stride, count in stages:
        units += [ConvUnit(channels, outer, 3, stride, 1), *residuals(outer, count)]
        channels = outer
    return nn.Sequential(*units, ConvUnit(channels, 512, 3), ConvUnit(512, 512, 1))
