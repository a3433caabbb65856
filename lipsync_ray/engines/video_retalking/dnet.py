"""D-Net: another expression on the same face (PIRenderer, Ren et al. 2021, as VideoReTalking uses it)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lipsync_ray.engines.video_retalking.dnet_edit import EditingNet
from lipsync_ray.engines.video_retalking.dnet_warp import WarpingNet
from lipsync_ray.engines.video_retalking.norms import SLOPE
from lipsync_ray.neural.checkpoint import load_weights, read_tensors

TOLD = 256  # features that a window of coefficients becomes


class DNetOutput(NamedTuple):
    """What D-Net makes."""

    flow_field: Tensor  # [B,2,64,64]: x, then y
    warp_image: Tensor  # [B,3,256,256], the picture moved along it
    fake_image: Tensor  # [B,3,256,256], about -1..1


class MappingNet(nn.Module):
    """A window of coefficients ``[B,73,26]`` to ``[B,256]``."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv1d(73, TOLD, 7))
        for level in range(3):
            step = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Conv1d(TOLD, TOLD, 3, dilation=3))
            self.add_module(f"encoder{level}", step)

    def forward(self, window: Tensor) -> Tensor:
        """The mean over time of what is left of the window."""
        x = self.first(window)
        for level in range(3):
            x = self.get_submodule(f"encoder{level}")(x) + x[..., 3:-3]
        return x.mean(2)


class DNet(nn.Module):
    """22.5 M parameters; keys are those of ``DNet.pt``."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping_net = MappingNet()
        self.warpping_net = WarpingNet(TOLD)
        self.editing_net = EditingNet(TOLD)

    def forward(self, image: Tensor, window: Tensor) -> DNetOutput:
        """Redraw faces.

        Args:
            image: ``[B,3,256,256]`` RGB, -1..1.
            window: ``[B,73,26]``, see ``coefficients.windows``.
        """
        told = self.mapping_net(window)
        flow = self.warpping_net(image, told)
        warped = warp(image, flow)
        return DNetOutput(flow, warped, self.editing_net(image, warped, told))


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Move a picture along a flow ``[B,2,h,w]`` in pixels of the flow's own size.

    The authors' mixture of conventions is part of what the weights have learnt: a grid whose ends lie on the
    border pixels' centres, enlarged and sampled as if they lay on the border itself.
    """
    height, width = flow.shape[2:]
    y = torch.linspace(-1, 1, height, device=flow.device, dtype=flow.dtype)
    x = torch.linspace(-1, 1, width, device=flow.device, dtype=flow.dtype)
    grid = torch.stack(
        [x[None, None] + 2 * flow[:, 0] / (width - 1), y[None, :, None] + 2 * flow[:, 1] / (height - 1)], 1
    )
    fine = functional.interpolate(grid, image.shape[2:], mode="bilinear")
    return functional.grid_sample(image, fine.permute(0, 2, 3, 1), align_corners=False)


def load_dnet(path: Path) -> DNet:
    """Read ``DNet.pt``.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = DNet()
    load_weights(net, read_tensors(path, ("net_G_ema",)), path.name)
    return net
