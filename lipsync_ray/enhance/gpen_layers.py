"""Layers of GPEN: StyleGAN2's equal learning rates, its activation and its blurs, in plain PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lipsync_ray.enhance.modulated import ModulatedConv
from lipsync_ray.neural.window import Window

STYLE = 512  # numbers of the one style code
_SLOPE, _GAIN = 0.2, 2**0.5


def activated(x: Tensor, bias: Tensor) -> Tensor:
    """``sqrt(2) * leaky_relu(x + bias)``, in place; ``bias`` runs along the channels."""
    x += bias.view(1, -1, *[1] * (x.ndim - 2))
    return functional.leaky_relu_(x, _SLOPE).mul_(_GAIN)


class Bias(nn.Module):
    """An activation's bias, under the name that the files have for it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """:func:`activated`."""
        return activated(x, self.bias)


class EqualLinear(nn.Module):
    """A linear layer whose stored weights are scaled by ``rate / sqrt(cin)`` and its bias by ``rate``."""

    def __init__(self, cin: int, cout: int, rate: float = 1.0, *, active: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(cout, cin) / rate)
        self.bias = nn.Parameter(torch.zeros(cout))
        self._scale, self._rate, self._active = rate / cin**0.5, rate, active

    def forward(self, x: Tensor) -> Tensor:
        """``(B,cin)`` to ``(B,cout)``."""
        out, bias = functional.linear(x * self._scale, self.weight), self.bias * self._rate
        return activated(out, bias) if self._active else out + bias


class PixelConv(nn.Conv2d):
    """A 1x1 convolution whose stored weights are scaled by ``1 / sqrt(cin)``."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__(cin, cout, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B,cin,h,w)`` to ``(B,cout,h,w)``."""
        return super().forward(x * self.in_channels**-0.5)


class Kernel(nn.Module):
    """A constant blur of 4 x 4, the same for every channel, stored in the file with its gain.

    Args:
        padding: zeros on each side.
        gain: of the stored kernel.
        factor: multiplies the result; takes the scale of a following convolution of equal learning rate.
    """

    def __init__(self, *, padding: int = 0, gain: float = 1.0, factor: float = 1.0) -> None:
        super().__init__()
        row = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer("kernel", torch.outer(row, row) * (gain / 64))
        self._padding, self._factor = padding, factor

    kernel: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Blur ``(B,C,h,w)``."""
        kernel = (self.kernel.flip(0, 1) * self._factor).expand(x.shape[1], 1, -1, -1)
        return functional.conv2d(x, kernel, padding=self._padding, groups=x.shape[1])

    def enlarge(self, x: Tensor) -> Tensor:
        """Twice the size: zeros between the pixels, then the blur with padding 2 before and 1 after.

        That is the transposed convolution with stride 2, less the first and last row and column.
        """
        kernel = self.kernel.expand(x.shape[1], 1, -1, -1)
        return functional.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


class EnlargingConv(ModulatedConv):
    """A modulated 3x3 convolution to twice the size: transposed with stride 2, then blurred."""

    def __init__(self, cin: int, cout: int) -> None:
        scale = (9 * cin) ** -0.5
        super().__init__(cin, cout, 3, EqualLinear(STYLE, cin), scale=scale, enlarge=True)
        self.blur = Kernel(padding=1, gain=4)

    def forward(self, x: Tensor, style: Tensor, gain: float = 1.0) -> Tensor:
        """``(B,cin,h,w)`` to ``(B,cout,2h,2w)``."""
        return self.blur(super().forward(x, style, gain))


class Strength(nn.Module):
    """How much of the encoder's features goes beside those of a style convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class StyleConv(nn.Module):
    """A modulated 3x3 convolution; the encoder's features are put behind its output, then all activated.

    Args:
        cin: channels in.
        cout: channels of the convolution; the output has twice as many.
        enlarge: whether it doubles the size.
    """

    def __init__(self, cin: int, cout: int, *, enlarge: bool = False) -> None:
        super().__init__()
        self.conv = EnlargingConv(cin, cout) if enlarge else _same_size(cin, cout, 3)
        self.noise = Strength()
        self.activate = Bias(2 * cout)

    def forward(self, x: Tensor, style: Tensor, feature: Tensor, held: Window, wanted: Window) -> Tensor:
        """The wanted window, ``(B,2*cout,h,w)``.

        Args:
            x: ``(B,cin,.,.)``; the convolution makes ``held`` of it.
            style: ``(B,512)``.
            feature: the encoder's, whole, ``(B,cout,size,size)``.
            held: what ``x`` covers, in pixels of the result.
            wanted: what is to be returned.
        """
        made = wanted.cut(self.conv(x, style), held)
        beside = wanted.cut(feature, Window.whole(feature.shape[-1])) * self.noise.weight
        return self.activate(torch.cat([made, beside], dim=1))


class ToRgb(nn.Module):
    """A modulated 1x1 convolution to three colours, added to the enlarged picture of the size before."""

    def __init__(self, cin: int, *, first: bool = False) -> None:
        super().__init__()
        if not first:
            self.upsample = Kernel(gain=4)
        self.conv = _same_size(cin, 3, 1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(
        self, x: Tensor, style: Tensor, smaller: Tensor | None, held: Window, wanted: Window
    ) -> Tensor:
        """``(B,cin,h,w)`` of the wanted window to ``(B,3,h,w)``; ``smaller`` enlarged covers ``held``."""
        out = self.conv(x, style) + self.bias
        return out if smaller is None else out + wanted.cut(self.upsample.enlarge(smaller), held)


def _same_size(cin: int, cout: int, kernel: int, *, demodulate: bool = True) -> ModulatedConv:
    scale = (cin * kernel**2) ** -0.5
    return ModulatedConv(cin, cout, kernel, EqualLinear(STYLE, cin), scale=scale, demodulate=demodulate)
