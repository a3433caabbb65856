"""GANimation (Pumarola et al. 2018): a face with other action units, here only for the upper face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from lipsync_ray.neural.checkpoint import load_weights, read_tensors

UNITS = 17
# Strengths of the 17 action units that the authors' script sets for each name: brow lowerer for anger, upper
# lid raiser for surprise, none for sadness.
_ORDER = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)


def _units(**strengths: float) -> tuple[float, ...]:
    return tuple(strengths.get(f"au{number}", 0.0) for number in _ORDER)


ACTION_UNITS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"sad": _units(), "angry": _units(au4=0.3), "surprise": _units(au5=0.2)}
)


class ResidualBlock(nn.Module):
    """Two convolutions with instance norms, and the input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``[B,C,h,w]`` to the same."""
        return x + self.conv_block(x)


class GANimation(nn.Module):
    """8.5 M parameters; keys are those of ``30_net_gen.pth``."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *_normed(nn.Conv2d(3 + UNITS, 64, 7, padding=3), 64),
            *_normed(nn.Conv2d(64, 128, 4, 2, 1), 128),
            *_normed(nn.Conv2d(128, 256, 4, 2, 1), 256),
            *(ResidualBlock(256) for _ in range(6)),
            *_normed(nn.ConvTranspose2d(256, 128, 4, 2, 1), 128),
            *_normed(nn.ConvTranspose2d(128, 64, 4, 2, 1), 64),
        )
        self.color_top = nn.Sequential(nn.Conv2d(64, 3, 7, padding=3, bias=False), nn.Tanh())
        self.au_top = nn.Sequential(nn.Conv2d(64, 1, 7, padding=3, bias=False), nn.Sigmoid())

    def forward(self, image: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Colours ``[B,3,128,128]`` -1..1, and where the picture's own stay, ``[B,1,128,128]`` 0..1.

        Args:
            image: ``[B,3,128,128]`` -1..1.
            units: ``[B,17]`` 0..1.
        """
        maps = units[..., None, None].expand(-1, -1, *image.shape[2:])
        x = self.model(torch.cat([image, maps], 1))
        return self.color_top(x), self.au_top(x)

    def edit(self, image: Tensor, units: Tensor) -> Tensor:
        """The picture with these action units, ``[B,3,128,128]`` -1..1."""
        colour, own = self(image, units)
        return own * image + (1 - own) * colour


def _normed(conv: nn.Module, channels: int) -> tuple[nn.Module, ...]:
    return conv, nn.InstanceNorm2d(channels), nn.ReLU()


def load_ganimation(path: Path) -> GANimation:
    """Read ``30_net_gen.pth``; what the network does not have is left out, as the authors do.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = GANimation()
    known = net.state_dict()
    load_weights(net, {k: v for k, v in read_tensors(path).items() if k in known}, path.name)
    return net
