"""The file of weights: networks whose answers are averaged, and the usual order of sounds.

Trained and exported by ``training/visemes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.speech.visemes.classes import COUNT, NAMES
from lipsync_ray.speech.visemes.network import Layer, VisemeNet
from lipsync_ray.speech.visemes.sequence import Sequence

FILE = Path(__file__).with_name("visemes.npz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What was trained."""

    nets: tuple[VisemeNet, ...]
    sequence: Sequence

    @property
    def width(self) -> int:
        """Units of all last hidden layers together."""
        return sum(net.width for net in self.nets)

    @property
    def reach(self) -> int:
        """Frames to each side that the networks see."""
        return max(net.reach for net in self.nets)

    def hidden(self, features: np.ndarray) -> np.ndarray:
        """Last hidden layers side by side, ``float32[n, width]``, of ``float32[n, 48]`` normalised bands."""
        return np.concatenate([net.hidden(features) for net in self.nets], axis=1)

    def posteriors(self, hidden: np.ndarray) -> np.ndarray:
        """Probability of each class by the mean of the networks, ``float32[n, 32]``; rows sum to 1."""
        bounds = np.cumsum([0] + [net.width for net in self.nets])
        parts = [hidden[:, start:stop] for start, stop in pairwise(bounds.tolist())]
        said = [net.posteriors(part) for net, part in zip(self.nets, parts, strict=True)]
        return sum(said[1:], said[0]) / len(said)


def load_weights(path: str | Path | None = None) -> Weights:
    """The weights in a file, by default those of the package.

    Raises:
        WeightsMissing: no such file.
        WeightsCorrupt: another format, or another list of classes.
    """
    return _load(Path(path or FILE))


@cache
def _load(path: Path) -> Weights:
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        if tuple(arrays["classes"].tolist()) != NAMES:
            raise ValueError("its classes are not those of this version")
        count = len({name.partition(".")[0] for name in arrays if name.startswith("net")})
        nets = tuple(_net(arrays, f"net{number}.") for number in range(count))
        if not nets:
            raise ValueError("it holds no network")
        sequence = Sequence(transitions=arrays["sequence.transitions"], prior=arrays["sequence.prior"])
    except FileNotFoundError as error:
        raise WeightsMissing(
            f"no {path}; install the package again, or train with training/visemes"
        ) from error
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise WeightsCorrupt(f"{path} is no network of this version: {error}") from error
    return Weights(nets=nets, sequence=sequence)


def _net(arrays: Mapping[str, np.ndarray], prefix: str) -> VisemeNet:
    def layer(name: str, dilation: int = 1) -> Layer:
        weight = arrays[f"{prefix}{name}.weight"].astype(np.float32)
        outputs, inputs, taps = weight.shape if weight.ndim == 3 else (*weight.shape, 1)
        offsets = tuple(dilation * (tap - taps // 2) for tap in range(taps))
        flat = weight.reshape(outputs, inputs, taps).transpose(2, 1, 0).reshape(taps * inputs, outputs)
        bias = arrays[f"{prefix}{name}.bias"].astype(np.float32)
        return Layer(weight=np.ascontiguousarray(flat), bias=bias, offsets=offsets)

    dilations = arrays[f"{prefix}dilations"].tolist()
    net = VisemeNet(
        stem=layer("stem"),
        blocks=tuple(
            (layer(f"block{b}.conv", dilation), layer(f"block{b}.mix"))
            for b, dilation in enumerate(dilations)
        ),
        scale=arrays[f"{prefix}norm.scale"].astype(np.float32),
        shift=arrays[f"{prefix}norm.shift"].astype(np.float32),
        head=layer("head"),
    )
    if net.head.weight.shape != (net.width, COUNT):
        raise ValueError(f"network {prefix[:-1]} has a head of another shape")
    return net
