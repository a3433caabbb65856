"""LipGAN's generator (KR et al. 2019, the residual one): a face of 96 px and sound to the face saying it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from lipsync_ray.engines.lipgan.keras_file import Layers, read_layers
from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.checkpoint import load_weights
from lipsync_ray.neural.folding import fold_batch_norm

Audio = Literal["mel", "mfcc"]
Pair = tuple[int, int]

_EPSILON = 1e-3  # of batch norms: Keras' own
_FACE = ((64, 5, 2), (128, 3, 3), (256, 3, 2), (512, 3, 2), (512, 3, 0))
#  channels, kernel, residual units, at 48, 24, ... 3 px
_UP = ((512, 1024, 2), (256, 1024, 2), (128, 512, 2), (64, 256, 2), (32, 128, 0))
#  channels out, in, residual units, at 6, 12, ... 96 px; the encoder's picture comes before what is joined


class SameUnit(nn.Module):
    """A convolution, batch norm, ReLU; padded as TensorFlow's ``same``, or not at all."""

    def __init__(
        self, inner: int, outer: int, kernel: int | Pair, stride: int | Pair = 1, *, valid: bool = False
    ) -> None:
        super().__init__()
        conv = nn.Conv2d(inner, outer, kernel, stride)
        self.block = nn.Sequential(conv, nn.BatchNorm2d(outer, eps=_EPSILON))
        self._valid, self._kernel, self._stride = valid, _pair(kernel), _pair(stride)

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,h/stride,w/stride]``, rounded up."""
        if not self._valid:
            rows, columns = map(same_padding, x.shape[2:], self._kernel, self._stride)
            x = pad(x, (*columns, *rows))
        return relu(self.block(x))


def same_padding(size: int, kernel: int, stride: int) -> Pair:
    """Pixels before and after a line that make ``ceil(size / stride)`` results; an odd one goes behind."""
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else value


class ResidualUnit(nn.Module):
    """Two units, the input added, ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.units = nn.Sequential(SameUnit(channels, channels, 3), SameUnit(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        """``[B,C,h,w]`` to the same."""
        return relu(self.units(x) + x)


class UpUnit(nn.Module):
    """A transposed convolution as TensorFlow's ``same``, batch norm, ReLU."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        up = nn.ConvTranspose2d(inner, outer, 3, stride)
        self.block = nn.Sequential(up, nn.BatchNorm2d(outer, eps=_EPSILON))
        self._stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``[B,inner,h,w]`` to ``[B,outer,stride h,stride w]``: what is too much lies behind."""
        height, width = (self._stride * size for size in x.shape[2:])
        return relu(self.block(x)[..., :height, :width])


class LipGanGenerator(nn.Module):
    """Layers lie in the order of their creation in the authors' code, by which files are read.

    Args:
        audio: what the network hears: mel spectrograms (branch ``fully_pythonic``) or MFCCs (``master``).
    """

    def __init__(self, audio: Audio = "mel") -> None:
        super().__init__()
        self.face_encoder = _face_encoder()
        self.audio_encoder = _mel_encoder() if audio == "mel" else _mfcc_encoder()
        self.first_up = UpUnit(1024, 512, 3)
        self.ups = nn.ModuleList(
            nn.Sequential(UpUnit(inner, outer, 2), *_residuals(outer, count)) for outer, inner, count in _UP
        )
        self.output = nn.Sequential(
            SameUnit(64, 16, 3), SameUnit(16, 16, 3), nn.Conv2d(16, 3, 1), nn.Sigmoid()
        )

    def forward(self, audio: Tensor, face: Tensor) -> Tensor:
        """New faces ``[B,3,96,96]``, BGR, 0..1.

        Args:
            audio: ``[B,1,80,27]`` mel, or ``[B,1,12,35]`` MFCCs.
            face: ``[B,6,96,96]``: a whole face, then the face with its lower half black, BGR, 0..1.
        """
        seen = []
        for stage in self.face_encoder:
            face = stage(face)
            seen.append(face)
        made = self.first_up(torch.cat([seen.pop(), self.audio_encoder(audio)], 1))
        for up in self.ups:
            made = up(torch.cat([seen.pop(), made], 1))
        return self.output(torch.cat([seen.pop(), made], 1))


def _residuals(channels: int, count: int) -> Iterator[ResidualUnit]:
    return (ResidualUnit(channels) for _ in range(count))


def _face_encoder() -> nn.ModuleList:
    stages, channels = [nn.Sequential(SameUnit(6, 32, 7))], 32
    for outer, kernel, count in _FACE:
        stages.append(nn.Sequential(SameUnit(channels, outer, kernel, 2), *_residuals(outer, count)))
        channels = outer
    return nn.ModuleList([*stages, nn.Sequential(SameUnit(512, 512, 3, valid=True), SameUnit(512, 512, 1))])


def _mel_encoder() -> nn.Sequential:
    units: list[nn.Module] = []
    channels = 1
    for outer, stride in ((32, 1), (64, 3), (128, (3, 1)), (256, 3)):
        units += [SameUnit(channels, outer, 3, stride), *_residuals(outer, 2)]
        channels = outer
    return nn.Sequential(*units, SameUnit(256, 512, 3, valid=True), SameUnit(512, 512, 1))


def _mfcc_encoder() -> nn.Sequential:
    units: list[nn.Module] = [SameUnit(1, 128, 3), *_residuals(128, 3), nn.ZeroPad2d((0, 0, 1, 0))]
    channels = 128
    for outer, stride, count in ((256, (1, 2), 2), (512, 2, 2), (512, 2, 1)):
        units += [SameUnit(channels, outer, 3, stride), *_residuals(outer, count)]
        channels = outer
    return nn.Sequential(*units, SameUnit(512, 512, (4, 5), valid=True), SameUnit(512, 512, 1))


def load_generator(path: Path, audio: Audio = "mel") -> LipGanGenerator:
    """Read a Keras file of the residual generator, batch norms folded.

    Raises:
        WeightsCorrupt: the file is no Keras file, or holds another network.
    """
    net = LipGanGenerator(audio)
    load_weights(net, _by_order(net, read_layers(path), path.name), path.name)
    return fold_batch_norm(net)


def _by_order(net: LipGanGenerator, layers: Layers, what: str) -> dict[str, Tensor]:
    """A file's tensors by the keys of the network: the n-th layer of a kind is the n-th one created."""
    tensors = {key: value for key, value in net.state_dict().items() if key.endswith("num_batches_tracked")}
    kinds = {"conv2d": nn.Conv2d, "conv2d_transpose": nn.ConvTranspose2d}
    for kind, made in {**kinds, "batch_normalization": nn.BatchNorm2d}.items():
        names = [name for name, module in net.named_modules() if isinstance(module, made)]
        found = layers.get(kind, [])
        if len(found) != len(names):
            raise WeightsCorrupt(
                f"{what} is not a file of LipGAN's residual generator: it has {len(found)} layers "
                f"{kind}, not {len(names)}"
            )
        for name, parts in zip(names, found, strict=True):
            tensors.update({f"{name}.{part}": value for part, value in parts.items()})
    return tensors
