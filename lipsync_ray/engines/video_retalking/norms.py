"""Normalisations that D-Net and L-Net share, and the plain block built on one of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1  # of the leaky ReLUs in D-Net, and in L-Net outside its Fourier blocks


class AdaIN(nn.Module):
    """Instance norm whose scale and shift are read off a vector: ``(1 + gamma) x + beta``."""

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Linear(told, 128), nn.ReLU())
        self.mlp_gamma = nn.Linear(128, channels)
        self.mlp_beta = nn.Linear(128, channels)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """``x`` is ``[B,C,h,w]``, ``told`` ``[B,told]``."""
        inner = self.mlp_shared(told)
        gamma, beta = self.mlp_gamma(inner)[..., None, None], self.mlp_beta(inner)[..., None, None]
        return torch.addcmul(beta, functional.instance_norm(x), 1 + gamma)


class LayerNorm2d(nn.Module):
    """Normalises a picture's channels and pixels together; a scale and a shift for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """``[B,C,h,w]`` to the same."""
        return torch.addcmul(self.bias, functional.layer_norm(x, x.shape[1:]), self.weight)


class NormBlock(nn.Module):
    """Convolution, layer norm, leaky ReLU."""

    def __init__(self, inner: int, outer: int, kernel: int = 3) -> None:
        super().__init__()
        conv = nn.Conv2d(inner, outer, kernel, padding=kernel // 2)
        self.model = nn.Sequential(conv, LayerNorm2d(outer), nn.LeakyReLU(SLOPE))

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,h,w]``."""
        return self.model(x)


def enlarged(x: Tensor) -> Tensor:
    """Twice as high and wide, every pixel repeated."""
    return functional.interpolate(x, scale_factor=2, mode="nearest")
