"""E-Net: L-Net's lips of 96 px drawn into a face of 384 (VideoReTalking, Cheng et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from lipsync_ray.engines.video_retalking.lnet import LNet
from lipsync_ray.enhance.gfpgan_blocks import ScalingBlock, leaky, scaled
from lipsync_ray.enhance.gfpgan_decoder import StyleConv, ToRgb
from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.noise import frame_noise
from lipsync_ray.neural.window import Window

SIDE = 384
NOISES = (200, 200, 400, 400)  # px, of the noise for each style convolution
_STYLE = 512
_BODY = (256, 256, 512, 512, 512, 512, 512)  # channels at 256, 128, ... 4 px
_WIDTHS = ((3, 256), (256, 128))  # channels in and out at 200 and 400 px
_BORDER = 8  # px cut off the 400 on each side; 2 of L-Net's 96


class ENet(nn.Module):
    """31.2 M parameters besides L-Net's; keys are those of ``ENet.pth`` without ``low_res``."""

    def __init__(self, lnet: LNet) -> None:
        super().__init__()
        self.low_res = lnet
        self.conv_body_first = nn.Conv2d(3, _BODY[0], 1)
        self.conv_body_down = nn.ModuleList(ScalingBlock(*widths, 0.5) for widths in pairwise(_BODY))
        self.final_conv = nn.Conv2d(_BODY[-1], _BODY[-1], 3, padding=1)
        self.final_linear = nn.Linear(_BODY[-1] * 16, _STYLE)
        self.style_convs, self.to_rgbs = nn.ModuleList(), nn.ModuleList()
        for inner, outer in _WIDTHS:
            self.style_convs += [StyleConv(inner, outer), StyleConv(outer, outer)]
            self.to_rgbs.append(ToRgb(outer))

    def forward(
        self,
        mel: Tensor,
        face: Tensor,
        reference: Tensor,
        noise: Sequence[Tensor] | None = None,
        window: tuple[int, int, int, int] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The face, or a window of it, and L-Net's picture ``[B,3,96,96]``; BGR, about 0..1.

        Args:
            mel: ``[B,1,80,16]``.
            face: ``[B,6,384,384]``: the face with its lower half black, then the reference.
            reference: ``[B,3,384,384]``, from which the style is read.
            noise: ``[B,1,s,s]`` for each of ``NOISES``; None: none.
            window: y0, y1, x0, x1 of the pixels wanted; exactly those of the whole face, for less work.
        """
        wanted = Window.inside(SIDE, window)
        low = self.low_res(mel, functional.interpolate(face, (96, 96), mode="bilinear"))
        padded = functional.pad(low, (2, 2, 2, 2), mode="reflect")
        maps = noise or [face.new_zeros(1, 1, size, size) for size in NOISES]
        return self._drawn(padded, self.style(reference), maps, wanted), low

    def style(self, reference: Tensor) -> Tensor:
        """The style code ``[B,512]`` of faces."""
        x = functional.interpolate(reference, (256, 256), mode="bilinear")
        x = leaky(self.conv_body_first(x))
        for block in self.conv_body_down:
            x = block(x)
        return self.final_linear(leaky(self.final_conv(x)).flatten(1))

    def _drawn(self, low: Tensor, style: Tensor, maps: Sequence[Tensor], wanted: Window) -> Tensor:
        """A window of the picture from L-Net's, mirrored to 100 px; see ``neural.window``."""
        inside = Window(*(edge + _BORDER for edge in wanted))
        coarse = inside.grown(2, 400).halved(1, 200)
        start = coarse.grown(2, 200).halved(1, 100)
        x = picture = start.cut(low, Window.whole(100))
        for level, (held, part, size) in enumerate(((start, coarse, 200), (coarse, inside, 400))):
            first, second = part.grown(2, size), part.grown(1, size)
            whole = Window.whole(size)
            x = first.cut(scaled(x, 2), held.doubled())
            x = self.style_convs[2 * level](x, style, first.cut(maps[2 * level], whole))
            x = second.cut(x, first)
            x = self.style_convs[2 * level + 1](x, style, second.cut(maps[2 * level + 1], whole))
            x = part.cut(x, second)
            picture = self.to_rgbs[level](x, style) + part.cut(scaled(picture, 2), held.doubled())
        return picture


def face_noise(seed: int, numbers: np.ndarray) -> list[np.ndarray]:
    """Noise of output frames, ``float32[N,1,s,s]`` for each of ``NOISES``: the same for the same frame."""
    return frame_noise(seed, numbers, NOISES)


def load_enet(path: Path, lnet: LNet) -> ENet:
    """Read ``ENet.pth`` around an L-Net.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = ENet(lnet)
    own = {f"low_res.{key}": value for key, value in lnet.state_dict().items()}
    given = {k: v for k, v in read_tensors(path, ("state_dict",)).items() if "low_res" not in k}
    load_weights(net, {**given, **own}, path.name)
    return net
