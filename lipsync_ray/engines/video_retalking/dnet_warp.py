"""The part of D-Net that says where each pixel comes from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from lipsync_ray.engines.video_retalking.norms import SLOPE, AdaIN, LayerNorm2d

_DOWN = ((32, 64), (64, 128), (128, 256), (256, 256), (256, 256))  # channels at 128, 64, ... 8 px
_UP = ((4, 256, 256), (3, 512, 256), (2, 512, 128))  # level, channels in and out, to 16, 32, 64 px


class WarpingNet(nn.Module):
    """A picture ``[B,3,256,256]`` and a vector to a flow ``[B,2,64,64]`` in pixels."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self.hourglass = Hourglass(told)
        self.flow_out = nn.Sequential(LayerNorm2d(256), nn.LeakyReLU(SLOPE), nn.Conv2d(256, 2, 7, padding=3))

    def forward(self, image: Tensor, told: Tensor) -> Tensor:
        """The flow."""
        return self.flow_out(self.hourglass(image, told))


class Hourglass(nn.Module):
    """Down to 8 px and up to 64, joining what was seen on the way down."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"input_layer": nn.Conv2d(3, 32, 7, padding=3)})
        for level, (inner, outer) in enumerate(_DOWN):
            self.encoder[f"encoder{level}"] = DownBlock(inner, outer, told)
        self.decoder = nn.ModuleDict(
            {f"decoder{level}": UpBlock(inner, outer, told) for level, inner, outer in _UP}
        )

    def forward(self, image: Tensor, told: Tensor) -> Tensor:
        """Features ``[B,256,64,64]``."""
        x, seen = self.encoder["input_layer"](image), []
        for level in range(len(_DOWN)):
            x = self.encoder[f"encoder{level}"](x, told)
            seen.append(x)
        for level, _, _ in _UP:
            x = torch.cat([self.decoder[f"decoder{level}"](x, told), seen[level - 1]], 1)
        return x


class DownBlock(nn.Module):
    """Norm and convolution twice; the first halves the picture."""

    def __init__(self, inner: int, outer: int, told: int) -> None:
        super().__init__()
        self.conv_0 = nn.Conv2d(inner, outer, 4, 2, 1)
        self.conv_1 = nn.Conv2d(outer, outer, 3, padding=1)
        self.norm_0, self.norm_1 = AdaIN(inner, told), AdaIN(outer, told)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,h/2,w/2]``."""
        x = self.conv_0(leaky_relu(self.norm_0(x, told), SLOPE))
        return self.conv_1(leaky_relu(self.norm_1(x, told), SLOPE))


class UpBlock(nn.Module):
    """Norm and convolution twice, the second doubling the picture; a third pair beside them, added."""

    def __init__(self, inner: int, outer: int, told: int) -> None:
        super().__init__()
        self.conv_0 = nn.Conv2d(inner, outer, 3, padding=1)
        self.conv_1 = nn.ConvTranspose2d(outer, outer, 3, 2, 1, 1)
        self.conv_s = nn.ConvTranspose2d(inner, outer, 3, 2, 1, 1)
        self.norm_0, self.norm_1, self.norm_s = AdaIN(inner, told), AdaIN(outer, told), AdaIN(inner, told)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,2h,2w]``."""
        beside = self.conv_s(leaky_relu(self.norm_s(x, told), SLOPE))
        x = self.conv_0(leaky_relu(self.norm_0(x, told), SLOPE))
        return self.conv_1(leaky_relu(self.norm_1(x, told), SLOPE)) + beside
