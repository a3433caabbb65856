"""The weights in a network file of dlib, without dlib."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lipsync_ray.errors import WeightsCorrupt

# Layers with weights, as dlib names their formats, and how many whole numbers stand before the weights.
KINDS = {"con_4": 0, "affine_": 0, "fc_2": 2}


def read_layers(path: Path) -> list[tuple[str, np.ndarray]]:
    """Layers with weights from the input to the output: their kind, and their weights ``float32[n]``.

    A file of dlib holds its layers one after the other, the first one first. Each names its format, then come
    its weights: whole numbers for the tensor's version and four sizes, then plain little-endian floats.

    Raises:
        WeightsCorrupt: the file is something else.
    """
    data = path.read_bytes()
    try:
        return [(kind, _tensor(data, at, KINDS[kind])) for kind, at in _marks(data)]
    except (IndexError, ValueError) as error:
        raise WeightsCorrupt(f"{path.name} is no network of dlib ({error})") from error


def _marks(data: bytes) -> Iterator[tuple[str, int]]:
    """Kinds in the order of the file, and where their tensors begin."""
    found = []
    for kind in KINDS:
        word = bytes([1, len(kind)]) + kind.encode()  # a string is its length and its letters
        at = data.find(word)
        while at >= 0:
            found.append((at + len(word), kind))
            at = data.find(word, at + len(word))
    yield from ((kind, at) for at, kind in sorted(found))


def _tensor(data: bytes, at: int, before: int) -> np.ndarray:
    for _ in range(before):
        _, at = _whole(data, at)
    version, at = _whole(data, at)
    if version != 2:
        raise ValueError(f"a tensor of version {version}")
    count = 1
    for _ in range(4):
        size, at = _whole(data, at)
        count *= size
    return np.frombuffer(data, "<f4", count, at)


def _whole(data: bytes, at: int) -> tuple[int, int]:
    """A whole number and where it ends: a byte that tells how many bytes follow, lowest first."""
    length = data[at] & 0x0F
    return int.from_bytes(data[at + 1 : at + 1 + length], "little"), at + 1 + length
