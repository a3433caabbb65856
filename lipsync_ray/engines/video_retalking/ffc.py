"""Fast Fourier convolutions (Chi et al. 2020): some channels see neighbours, the others everything."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lipsync_ray.engines.video_retalking.norms import AdaIN

LOCAL = 0.25  # of the channels, the first ones
# The authors hand their own slope to a constructor that does not use it: PyTorch's default is in the weights.
_SLOPE = 0.01


class FourierUnit(nn.Module):
    """A 1x1 convolution of a picture's spectrum, real and imaginary parts side by side for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,C,h,w]`` to the same."""
        spectrum = torch.fft.rfft2(x.float(), norm="ortho")  # halves have no transform
        parts = torch.view_as_real(spectrum).permute(0, 1, 4, 2, 3).flatten(1, 2).to(x.dtype)
        made = functional.relu(self.bn(self.conv_layer(parts))).float()
        pairs = made.unflatten(1, (-1, 2)).permute(0, 1, 3, 4, 2).contiguous()
        return torch.fft.irfft2(torch.view_as_complex(pairs), s=x.shape[2:], norm="ortho").to(x.dtype)


class SpectralTransform(nn.Module):
    """What the global part makes of itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()
        )
        self.fu = FourierUnit(inner)
        self.conv2 = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,C,h,w]`` to the same."""
        x = self.conv1(x)
        return self.conv2(x + self.fu(x))


class FourierConv(nn.Module):
    """Both parts to both parts: 3x3 convolutions with mirrored borders, and the spectral transform."""

    def __init__(self, local: int, far: int) -> None:
        super().__init__()
        self.convl2l = nn.Conv2d(local, local, 3, bias=False)
        self.convl2g = nn.Conv2d(local, far, 3, bias=False)
        self.convg2l = nn.Conv2d(far, local, 3, bias=False)
        self.convg2g = SpectralTransform(far)

    def forward(self, local: Tensor, far: Tensor) -> tuple[Tensor, Tensor]:
        """``[B,local,h,w]`` and ``[B,far,h,w]`` to the same."""
        near, wide = (functional.pad(part, (1, 1, 1, 1), mode="reflect") for part in (local, far))
        return self.convl2l(near) + self.convg2l(wide), self.convl2g(near) + self.convg2g(far)


class FourierStep(nn.Module):
    """A Fourier convolution, each part normalised by the sound, leaky ReLU."""

    def __init__(self, local: int, far: int, told: int) -> None:
        super().__init__()
        self.ffc = FourierConv(local, far)
        self.bn_l, self.bn_g = AdaIN(local, told), AdaIN(far, told)

    def forward(self, local: Tensor, far: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """Both parts, of the same shapes."""
        local, far = self.ffc(local, far)
        return (
            functional.leaky_relu(self.bn_l(local, told), _SLOPE),
            functional.leaky_relu(self.bn_g(far, told), _SLOPE),
        )


class FourierBlock(nn.Module):
    """Two steps, and the block's input added."""

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.local = int(LOCAL * channels)
        far = channels - self.local
        self.conv1, self.conv2 = (FourierStep(self.local, far, told) for _ in range(2))

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """``x`` ``[B,C,h,w]``, ``told`` ``[B,told]``."""
        parts = self.conv1(x[:, : self.local], x[:, self.local :], told)
        return torch.cat(self.conv2(*parts, told), 1) + x
