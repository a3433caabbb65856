"""ResNet-50 (He et al. 2015), with the stride in the 3x3 convolutions as torchvision has it."""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor, nn
from torch.nn.functional import relu

from lipsync_ray.neural.folding import fold_batch_norm, fold_pair

Net = TypeVar("Net", bound=nn.Module)
_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # inner channels, blocks, stride of the first
_WIDER = 4  # outer channels for each inner one


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1, and the input added; keys as in torchvision."""

    def __init__(self, inner: int, width: int, stride: int) -> None:
        super().__init__()
        outer = _WIDER * width
        self.conv1 = nn.Conv2d(inner, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outer, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outer)
        self.downsample: nn.Module | None = None
        if stride != 1 or inner != outer:
            around = nn.Conv2d(inner, outer, 1, stride, bias=False)
            self.downsample = nn.Sequential(around, nn.BatchNorm2d(outer))

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,4 width,h/stride,w/stride]``."""
        around = x if self.downsample is None else self.downsample(x)
        x = relu(self.bn1(self.conv1(x)))
        x = relu(self.bn2(self.conv2(x)))
        return relu(self.bn3(self.conv3(x)) + around)


class ResNet50(nn.Module):
    """The convolutions, without the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inner = 64
        for number, (width, count, stride) in enumerate(_STAGES, 1):
            blocks = [Bottleneck(inner, width, stride)]
            inner = _WIDER * width
            blocks += [Bottleneck(inner, width, 1) for _ in range(count - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of the four stages: 256, 512, 1024 and 2048 channels at 1/4 to 1/32 of the size."""
        x = self.maxpool(relu(self.bn1(self.conv1(x))))
        seen = []
        for number in range(1, len(_STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
            seen.append(x)
        return seen


def fold_resnet(net: Net) -> Net:
    """Fold all batch norms of a network with a :class:`ResNet50` in it, as ``fold_batch_norm`` does others.

    The norm of ``convN`` is ``bnN``: that such a norm *follows* its convolution holds for these classes.
    """
    for module in fold_batch_norm(net).modules():
        if isinstance(module, ResNet50 | Bottleneck):
            for name, norm in list(module.named_children()):
                conv = getattr(module, name.replace("bn", "conv"))
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    fold_pair(conv, norm)
                    setattr(module, name, nn.Identity())
    return net
