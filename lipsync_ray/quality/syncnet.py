"""SyncNet as Oxford published it (Chung & Zisserman 2016): features of 0.2 s of sound, and of five faces."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.folding import fold_batch_norm

FEATURES = 1024
_COUNTER = "num_batches_tracked"  # of batch norms; the published file is older than they are


class SyncNet(nn.Module):
    """Keys are those of ``syncnet_v2.model``.

    Its convolutions of lips are three-dimensional there, but only the first one reaches over time, and over
    all five frames: with frames as channels, two dimensions compute the same in less time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = _sound_layers()
        self.netfcaud = _last_layers()
        self.netcnnlip = _lip_layers()
        self.netfclip = _last_layers()

    def hear(self, cepstra: Tensor) -> Tensor:
        """Features ``[B,1024]`` of sounds ``[B,1,13,20]``: coefficients by rows of 10 ms."""
        return self.netfcaud(self.netcnnaud(cepstra).flatten(1))

    def see(self, faces: Tensor) -> Tensor:
        """Features ``[B,1024]`` of ``[B,15,224,224]``: B of five frames, then their G and R, 0..255."""
        return self.netfclip(self.netcnnlip(faces).flatten(1))


def _unit(conv: nn.Conv2d) -> list[nn.Module]:
    return [conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU()]


def _sound_layers() -> nn.Sequential:
    """``[B,1,13,20]`` to ``[B,512,1,1]``."""
    return nn.Sequential(
        *_unit(nn.Conv2d(1, 64, 3, padding=1)),
        nn.Identity(),  # a pooling of one cell in the original, which keeps its number
        *_unit(nn.Conv2d(64, 192, 3, padding=1)),
        nn.MaxPool2d(3, (1, 2)),
        *_unit(nn.Conv2d(192, 384, 3, padding=1)),
        *_unit(nn.Conv2d(384, 256, 3, padding=1)),
        *_unit(nn.Conv2d(256, 256, 3, padding=1)),
        nn.MaxPool2d(3, 2),
        *_unit(nn.Conv2d(256, 512, (5, 4))),
    )


def _lip_layers() -> nn.Sequential:
    """``[B,15,224,224]`` to ``[B,512,1,1]``."""
    return nn.Sequential(
        *_unit(nn.Conv2d(3 * 5, 96, 7, 2)),
        nn.MaxPool2d(3, 2),
        *_unit(nn.Conv2d(96, 256, 5, 2, padding=1)),
        nn.MaxPool2d(3, 2, padding=1),
        *_unit(nn.Conv2d(256, 256, 3, padding=1)),
        *_unit(nn.Conv2d(256, 256, 3, padding=1)),
        *_unit(nn.Conv2d(256, 256, 3, padding=1)),
        nn.MaxPool2d(3, 2),
        *_unit(nn.Conv2d(256, 512, 6)),
    )


def _last_layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, FEATURES))


def load_syncnet(path: Path) -> SyncNet:
    """Read ``syncnet_v2.model``, batch norms of convolutions folded.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = SyncNet()
    counters = {key: torch.zeros(()) for key in net.state_dict() if key.endswith(_COUNTER)}
    # [out, in, time, height, width]: time becomes part of the channels, where it is 1 it goes.
    given = {
        key: value.flatten(1, 2) if value.ndim == 5 else value for key, value in read_tensors(path).items()
    }
    load_weights(net, counters | given, path.name)
    return fold_batch_norm(net)
