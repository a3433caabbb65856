"""Coefficients of a 3-D face model, read off a picture (Deep3DFaceRecon, Deng et al. 2019)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.resnet import ResNet50, fold_resnet

# Identity, expression, texture, angle, light, translation across and along.
_HEADS = (80, 64, 80, 3, 27, 2, 1)


class Face3dNet(nn.Module):
    """24 M parameters; keys are those of ``face3d_pretrain_epoch_20.pth``."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet50()
        self.final_layers = nn.ModuleList(nn.Conv2d(2048, count, 1) for count in _HEADS)

    def forward(self, image: Tensor) -> Tensor:
        """Coefficients ``[B,257]`` of pictures ``[B,3,224,224]``, RGB, 0..1."""
        mean = self.backbone(image)[-1].mean((2, 3), keepdim=True)
        return torch.cat([head(mean) for head in self.final_layers], 1).flatten(1)


def load_face3d(path: Path) -> Face3dNet:
    """Read the published file, batch norms folded.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = Face3dNet()
    load_weights(net, read_tensors(path, ("net_recon",)), path.name)
    return fold_resnet(net)
