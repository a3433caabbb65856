"""Files as Keras 2 writes them, from the fixtures' weights."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np

from tests.parity.fixture import Fixture

_KERAS = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean"}
_KERAS |= {"moving_variance": "running_var", "bias": "bias"}


def write_keras(path: Path, name: str, *, first: int = 1, whole: bool = False, text: bool = False) -> Path:
    """Write a LipGAN fixture; returns the file.

    Args:
        path: of the file.
        name: the fixture.
        first: running number of each kind's first layer; 0 is left out, as newer versions do.
        whole: as a whole model, not only its weights.
        text: attributes as texts instead of bytes.
    """
    fixture = Fixture(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        names = ["input_face"]
        root.create_group("input_face").attrs["weight_names"] = np.zeros(0)
        for number, kind, keras_name, parts in fixture.manifest["keras_layers"]:
            layer = _renumbered(keras_name, first)
            names.append(layer)
            group = root.create_group(layer)
            prefix = f"{number}.{'bn' if kind == 'BatchNormalization' else 'conv'}"
            for part in parts:
                value = fixture.weights[f"{prefix}.{_KERAS[part]}"].numpy()
                group[f"{layer}/{part}:0"] = value.transpose(2, 3, 1, 0) if part == "kernel" else value
            group.attrs["weight_names"] = _listed([f"{layer}/{part}:0" for part in parts], text)
        root.attrs["layer_names"] = _listed(names, text)
    return path


def _renumbered(name: str, first: int) -> str:
    found = re.fullmatch(r"(.*?)(?:_(\d+))?", name)
    assert found is not None
    number = int(found[2] or 0) + first
    return f"{found[1]}_{number}" if number else found[1]


def _listed(names: list[str], text: bool) -> object:
    return names if text else [name.encode() for name in names]
