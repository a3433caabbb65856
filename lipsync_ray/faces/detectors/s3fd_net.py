"""S3FD (Zhang et al. 2017), the face detector of Wav2Lip, VideoReTalking and face-alignment."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from lipsync_ray.neural.checkpoint import load_weights, read_tensors

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions of VGG's blocks
# Behind them: name, input and output channels, kernel, stride, padding.
_BEHIND = (
    ("fc6", 512, 1024, 3, 1, 3),
    ("fc7", 1024, 1024, 1, 1, 0),
    ("conv6_1", 1024, 256, 1, 1, 0),
    ("conv6_2", 256, 512, 3, 2, 1),
    ("conv7_1", 512, 128, 1, 1, 0),
    ("conv7_2", 128, 256, 3, 2, 1),
)
_NORMED = ("conv3_3", "conv4_3", "conv5_3")
# Maps that faces are read from, finest first, with their channels.
_READ = (
    *(("conv3_3_norm", 256), ("conv4_3_norm", 512), ("conv5_3_norm", 512)),
    *(("fc7", 1024), ("conv6_2", 512), ("conv7_2", 256)),
)
_BACKGROUNDS = 3  # background scores of the finest map; the largest counts


class S3fdNet(nn.Module):
    """22.5 M parameters; keys are those of ``s3fd.pth``."""

    def __init__(self) -> None:
        super().__init__()
        inner = 3
        for block, (outer, count) in enumerate(_BLOCKS, 1):
            for number in range(1, count + 1):
                self.add_module(f"conv{block}_{number}", nn.Conv2d(inner, outer, 3, 1, 1))
                inner = outer
        for name, channels, outer, kernel, stride, padding in _BEHIND:
            self.add_module(name, nn.Conv2d(channels, outer, kernel, stride, padding))
        for name, channels in _READ:
            if name.endswith("_norm"):
                self.add_module(name, ChannelNorm(channels))
            scores = _BACKGROUNDS + 1 if name == "conv3_3_norm" else 2
            self.add_module(f"{name}_mbox_conf", nn.Conv2d(channels, scores, 3, 1, 1))
            self.add_module(f"{name}_mbox_loc", nn.Conv2d(channels, 4, 3, 1, 1))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Look at pictures of at least 32 px.

        Args:
            picture: ``[B,3,H,W]``, 0..255 minus (104, 117, 123) in the order of its channels.

        Returns:
            For strides 4, 8, ... 128 in turn: scores ``[B,2,h,w]`` of background and face before the
            softmax, and corrections ``[B,4,h,w]`` of the boxes.
        """
        found: list[Tensor] = []
        for name, x in self._features(picture).items():
            scores = self.get_submodule(f"{name}_mbox_conf")(x)
            if scores.shape[1] > 2:
                scores = torch.cat([scores[:, :_BACKGROUNDS].amax(1, keepdim=True), scores[:, -1:]], 1)
            found += [scores, self.get_submodule(f"{name}_mbox_loc")(x)]
        return found

    def _features(self, x: Tensor) -> dict[str, Tensor]:
        seen: dict[str, Tensor] = {}
        for block, (_, count) in enumerate(_BLOCKS, 1):
            for number in range(1, count + 1):
                name = f"conv{block}_{number}"
                x = relu(self.get_submodule(name)(x))
                if name in _NORMED:
                    seen[f"{name}_norm"] = self.get_submodule(f"{name}_norm")(x)
            x = max_pool2d(x, 2)
        for name, *_ in _BEHIND:
            x = relu(self.get_submodule(name)(x))
            if any(name == read for read, _ in _READ):
                seen[name] = x
        return seen


class ChannelNorm(nn.Module):
    """Every place's channels as a vector of length 1, each channel times a learnt weight."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``[B,c,h,w]`` to the same shape."""
        length = x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10  # nothing at all stays nothing
        return x / length * self.weight[:, None, None]


def load_s3fd(path: Path) -> S3fdNet:
    """The network of ``s3fd.pth`` or ``s3fd-619a316812.pth``.

    Raises:
        WeightsCorrupt: it is neither.
    """
    net = S3fdNet().eval()
    load_weights(net, read_tensors(path), path.name)
    return net
