"""Weights as Keras 2 saves them (HDF5), in PyTorch's layout; nothing in a file is ever executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from lipsync_ray.errors import WeightsCorrupt

Layers = Mapping[str, list[dict[str, Tensor]]]

_PARTS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_NUMBERED = re.compile(r"(?P<kind>.*?)(?:_(?P<number>\d+))?")


def read_layers(path: Path) -> Layers:
    """Tensors of the layers with weights, by kind (``conv2d``), in the order in which they were created.

    Keras numbers the layers of a kind as a program creates them; the numbers may start anywhere, and files
    list layers in the order of their computation. Reads files of ``save_weights``, and whole models.

    Returns:
        For each layer ``weight``, ``bias``, ``running_mean``, ``running_var``, as far as it has them, in
        PyTorch's layout and ``float32``.

    Raises:
        WeightsCorrupt: it is no such file.
    """
    try:
        with h5py.File(path) as file:
            found = _found(_weights_of(file, path.name), path.name)
    except WeightsCorrupt:
        raise
    except Exception as error:  # HDF5 meets damage with errors of any kind
        raise WeightsCorrupt(f"{path.name} cannot be read as a Keras file of weights: {error}") from error
    layers: dict[str, list[dict[str, Tensor]]] = {}
    for kind, number in sorted(found):
        layers.setdefault(kind, []).append(found[kind, number])
    if not layers:
        raise WeightsCorrupt(f"{path.name} holds no layers with weights")
    return layers


def _weights_of(file: h5py.File, what: str) -> h5py.Group:
    root = file["model_weights"] if "model_weights" in file else file
    if not isinstance(root, h5py.Group) or "layer_names" not in root.attrs:
        raise WeightsCorrupt(f"{what} is an HDF5 file, but none that Keras 2 wrote: it has no layer_names")
    return root


def _found(root: h5py.Group, what: str) -> dict[tuple[str, int], dict[str, Tensor]]:
    """Tensors by kind and number of the layer."""
    found: dict[tuple[str, int], dict[str, Tensor]] = {}
    for group in (root[layer] for layer in _texts(root, "layer_names")):
        for name in _texts(group, "weight_names"):
            # "conv2d_1/kernel:0", within another model with that model's name before it.
            holder, _, last = name.rpartition("/")
            part = _PARTS.get(last.partition(":")[0])
            numbered = _NUMBERED.fullmatch(holder.rpartition("/")[2])
            if part is None or numbered is None:
                raise WeightsCorrupt(f"{what} has weights that LipGAN does not: {name!r}")
            key = (numbered["kind"], int(numbered["number"] or 0))
            found.setdefault(key, {})[part] = _tensor(group[name])  # type: ignore[index]  # HDF5's types
    return found


def _tensor(stored: object) -> Tensor:
    """A data set; kernels ``(kh,kw,a,b)`` become ``(b,a,kh,kw)``, which suits transposed ones as well."""
    array = np.asarray(stored, np.float32)
    return torch.from_numpy(np.ascontiguousarray(array.transpose(3, 2, 0, 1) if array.ndim == 4 else array))


def _texts(group: h5py.HLObject, name: str) -> list[str]:
    """An attribute that lists texts: bytes in old files, ``str`` in newer ones."""
    listed = np.asarray(group.attrs[name]).ravel().tolist()
    return [text.decode("utf-8") if isinstance(text, bytes) else text for text in listed]
