"""The network that hears sounds: a temporal convolution network over mel features, for training.

It is run without PyTorch (``lipsync_ray.speech.visemes.network``), so that everything must fold into plain
matrix products: batch normalisation folds into its convolution, GELU is the tanh approximation, the second
output (``tracks``) only teaches and is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lipsync_ray.speech.features import BANDS
from lipsync_ray.speech.visemes.classes import COUNT

STEM, KERNEL = 5, 3  # taps of the first convolution and of each block's
TRACKS = 3  # aperture, width, rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """Shape of a network.

    With the default dilations a frame sees 200 ms before and after it: a syllable to each side.
    """

    width: int = 64  # channels; 32 costs 2 to 5 points of accuracy, 96 gains about 1
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2)
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.width < 1 or not self.dilations or min(self.dilations) < 1 or not 0 <= self.dropout < 1:
            raise ValueError(f"no network has this shape: {self}")


def gelu(x: Tensor) -> Tensor:
    """GELU in its tanh approximation (Hendrycks and Gimpel 2016): needs no error function to run."""
    return nn.functional.gelu(x, approximate="tanh")


class Block(nn.Module):
    """Residual block: dilated convolution over time, then a mix of channels; ``[b, width, t]``."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, KERNEL, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block finds."""
        return x + self.dropout(self.mix(gelu(self.norm(self.conv(x)))))


class VisemeTcn(nn.Module):
    """Features ``[b, 48, t]`` to logits of the classes ``[b, 32, t]`` and lip tracks ``[b, 3, t]``."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.stem = nn.Conv1d(BANDS, settings.width, STEM, padding=STEM // 2)
        self.blocks = nn.ModuleList(
            Block(settings.width, dilation, settings.dropout) for dilation in settings.dilations
        )
        self.norm = nn.BatchNorm1d(settings.width)
        self.head = nn.Conv1d(settings.width, COUNT, 1)
        self.tracks = nn.Conv1d(settings.width, TRACKS, 1)

    def hidden(self, features: Tensor) -> Tensor:
        """The last hidden layer, ``[b, width, t]``."""
        x = self.stem(features)
        for block in self.blocks:
            x = block(x)
        return gelu(self.norm(x))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and tracks."""
        hidden = self.hidden(features)
        return self.head(hidden), self.tracks(hidden)


@torch.no_grad()
def posteriors(network: VisemeTcn, features: np.ndarray) -> np.ndarray:
    """Probabilities ``float32[n, 32]`` of one sound's features ``float32[n, 48]``."""
    network.eval()
    return network(torch.from_numpy(features).T[None])[0].softmax(1)[0].T.numpy()


@torch.no_grad()
def hidden(network: VisemeTcn, features: np.ndarray) -> np.ndarray:
    """Last hidden layer ``float32[n, width]`` of one sound's features ``float32[n, 48]``."""
    network.eval()
    return network.hidden(torch.from_numpy(features).T[None])[0].T.numpy()
