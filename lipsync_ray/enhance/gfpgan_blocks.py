"""The U-Net's blocks of GFPGAN: convolutions at half width with bilinear changes of size."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2  # of every leaky ReLU in GFPGAN


def leaky(x: Tensor) -> Tensor:
    """GFPGAN's activation, in place."""
    return functional.leaky_relu_(x, SLOPE)


def scaled(x: Tensor, factor: float) -> Tensor:
    """Bilinear change of size by the pixels' edges, without antialiasing."""
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class ScalingBlock(nn.Module):
    """Two 3x3 convolutions with a change of size between them, plus a 1x1 path around both.

    Args:
        cin: channels in; the first convolution keeps them.
        cout: channels out.
        factor: 0.5 or 2.
    """

    def __init__(self, cin: int, cout: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.conv1 = nn.Conv2d(cin, cin, 3, padding=1)
        self.conv2 = nn.Conv2d(cin, cout, 3, padding=1)
        self.skip = nn.Conv2d(cin, cout, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B,cin,h,w)`` to ``(B,cout,h*factor,w*factor)``."""
        out = leaky(self.conv2(scaled(leaky(self.conv1(x)), self.factor)))
        return out + self._around(x)

    def _around(self, x: Tensor) -> Tensor:
        """The 1x1 path; it and a bilinear change of size commute, so it runs on the smaller picture."""
        if self.factor > 1:
            return scaled(self.skip(x), self.factor)
        return self.skip(scaled(x, self.factor))


def condition_head(channels: int) -> nn.Sequential:
    """Scale or shift of one size's features, ``(B,channels,h,w)`` to the same shape."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.LeakyReLU(SLOPE, inplace=True),
        nn.Conv2d(channels, channels, 3, padding=1),
    )
