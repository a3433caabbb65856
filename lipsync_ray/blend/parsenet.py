"""ParseNet (PSFRGAN, Chen et al. 2021): which part of a face each pixel is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.folding import fold_pair
from lipsync_ray.neural.window import Window

SIDE = 512  # px of the faces
CLASSES = (
    *("background", "skin", "nose", "glasses", "left eye", "right eye", "left brow", "right brow"),
    *("left ear", "right ear", "mouth", "upper lip", "lower lip", "hair", "hat", "earring", "necklace"),
    *("neck", "cloth"),
)
_FALLING = (64, 128, 256, 256, 256)  # channels from 512 px down to 32
_RISING = (256, 256, 256, 128, 64)  # and up again
_BODY = 10
_SLOPE = 0.2


class Norm(nn.Module):
    """A batch normalisation under the name that the files have for it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B,C,h,w)``."""
        return self.norm(x)


class ConvLayer(nn.Module):
    """A 3x3 convolution with reflected borders; normalised ones have no bias."""

    def __init__(self, cin: int, cout: int, *, stride: int = 1, enlarge: bool = False, norm: bool = False):
        super().__init__()
        self._enlarge = enlarge
        self.conv2d = nn.Conv2d(cin, cout, 3, stride=stride, padding=1, padding_mode="reflect", bias=not norm)
        self.norm = Norm(cout) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(B,cin,h,w)`` to ``(B,cout,.,.)``."""
        if self._enlarge:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        return self.norm(self.conv2d(x))

    def fold(self) -> None:
        """Put the norm into the convolution, for good."""
        if isinstance(self.norm, Norm):
            fold_pair(self.conv2d, self.norm.norm)
            self.norm = nn.Identity()


class ResidualBlock(nn.Module):
    """Two normalised convolutions beside a shortcut; half or twice the size, or the same.

    Args:
        cin: channels in.
        cout: channels out.
        change: -1 halves the size, 1 doubles it, 0 keeps it.
    """

    def __init__(self, cin: int, cout: int, change: int = 0) -> None:
        super().__init__()
        stride, enlarge = 2 if change < 0 else 1, change > 0
        if change or cin != cout:
            self.shortcut_func = ConvLayer(cin, cout, stride=stride, enlarge=enlarge)
        else:
            self.shortcut_func = nn.Identity()
        self.conv1 = ConvLayer(cin, cout, enlarge=enlarge, norm=True)
        self.conv2 = ConvLayer(cout, cout, stride=stride, norm=True)

    def forward(self, x: Tensor) -> Tensor:
        """``(B,cin,h,w)`` to ``(B,cout,.,.)``; nothing is activated after the sum."""
        inner = functional.leaky_relu_(self.conv1(x), _SLOPE)
        return self.conv2(inner) + self.shortcut_func(x)


class ParseNet(nn.Module):
    """A face to a score for each of ``CLASSES`` at each pixel."""

    def __init__(self) -> None:
        super().__init__()
        first = ConvLayer(3, _FALLING[0])
        down = [ResidualBlock(cin, cout, -1) for cin, cout in pairwise(_FALLING)]
        self.encoder = nn.Sequential(first, *down)
        self.body = nn.Sequential(*[ResidualBlock(_FALLING[-1], _FALLING[-1]) for _ in range(_BODY)])
        up = [ResidualBlock(cin, cout, 1) for cin, cout in pairwise(_RISING)]
        self.decoder = nn.Sequential(*up)
        self.out_img_conv = ConvLayer(_RISING[-1], 3)
        self.out_mask_conv = ConvLayer(_RISING[-1], len(CLASSES))

    def forward(self, face: Tensor, window: tuple[int, int, int, int] | None = None) -> Tensor:
        """Scores ``(B,19,512,512)`` of faces ``(B,3,512,512)``, RGB in -1..1.

        Args:
            face: upright, aligned to a template with the whole head in it.
            window: ``(y0, y1, x0, x1)``: only this part of the result, computed exactly but from no more
                than what it depends on; None: all of it.
        """
        wanted = Window.inside(SIDE, window)
        return wanted.cut(self.out_mask_conv(self._decode(face, wanted)), wanted.grown(1, SIDE))

    def picture(self, face: Tensor) -> Tensor:
        """The other head, ``(B,3,512,512)``: the face drawn again; only of use to check a file."""
        return self.out_img_conv(self._decode(face, Window.whole(SIDE)))

    def _decode(self, face: Tensor, wanted: Window) -> Tensor:
        """Features of 512 px, of the wanted window grown by one pixel."""
        coarse = self.encoder(face)
        x = self.body(coarse) + coarse
        needed = [wanted.grown(1, SIDE)]
        for level in range(len(self.decoder)):
            finer = SIDE >> level
            needed.append(needed[-1].grown(2, finer).halved(0, finer // 2))
        held = Window.whole(SIDE >> len(self.decoder))
        for level, block in enumerate(self.decoder):
            read = needed[len(self.decoder) - level]
            x, held = block(read.cut(x, held)), read.doubled()
        return needed[0].cut(x, held)


def load_parsenet(path: Path) -> ParseNet:
    """The network with the weights of a published file (``parsing_parsenet.pth``, ``ParseNet-latest.pth``).

    Its norms are folded into its convolutions: it can only be used for evaluation.

    Raises:
        WeightsCorrupt: it is no such file.
    """
    net = ParseNet()
    load_weights(net, read_tensors(path), path.name)
    for layer in net.modules():
        if isinstance(layer, ConvLayer):
            layer.fold()
    return net.eval()
