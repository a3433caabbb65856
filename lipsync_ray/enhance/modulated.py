"""Convolutions whose weights are scaled by a style, as in StyleGAN2 (Karras et al. 2020, section 2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_EPSILON = 1e-8  # under the root of the demodulation


class ModulatedConv(nn.Module):
    """A convolution with weight ``w * s``, for each row its own style ``s``, normalised for each output.

    The published formula makes one weight per row and runs a grouped convolution. The same numbers come
    from one shared weight: the input's channels times ``s`` before it, the output's times
    ``1 / sqrt(sum (w s)^2)`` after it.

    Args:
        cin: channels in.
        cout: channels out.
        kernel: size of the kernel; the padding keeps the picture's size.
        modulation: makes ``s`` (B,cin) from a style.
        scale: constant that multiplies the stored weight (equal learning rates).
        demodulate: whether outputs are normalised.
        enlarge: transposed with stride 2 and without padding: h pixels to 2h + 1.
    """

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int,
        modulation: nn.Module,
        *,
        scale: float = 1.0,
        demodulate: bool = True,
        enlarge: bool = False,
    ) -> None:
        super().__init__()
        self.scale, self.demodulate, self.enlarge = scale, demodulate, enlarge
        self.weight = nn.Parameter(torch.randn(1, cout, cin, kernel, kernel) / (cin * kernel**2) ** 0.5)
        self.modulation = modulation
        self.register_buffer("energy", torch.empty(cout, cin), persistent=False)
        self.register_load_state_dict_post_hook(_measure)
        _measure(self)

    energy: Tensor  # (cout,cin): the sum of w^2 over the kernel, which changes with no style

    def forward(self, x: Tensor, style: Tensor, gain: float = 1.0) -> Tensor:
        """Convolve ``x`` (B,cin,h,w) by ``style`` (B,512); the result, times ``gain``, is a new tensor."""
        s = self.modulation(style) * self.scale
        x, weight = x * s[:, :, None, None], self.weight[0]
        if self.enlarge:
            out = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        else:
            out = functional.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.demodulate:
            power = s.float().square() @ self.energy.float().T
            out *= (gain * torch.rsqrt(power + _EPSILON))[:, :, None, None].to(out.dtype)
        return out


def _measure(net: nn.Module, _: object = None) -> None:
    assert isinstance(net, ModulatedConv)
    with torch.no_grad():
        net.energy.copy_(net.weight[0].float().square().sum((2, 3)))
