"""Tensors of a TorchScript archive, read as data: the code in it is not even loaded.

``torch.jit.load`` runs an archive's own ``__setstate__``, and TorchScript has functions that write files.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

_DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_ROOT = "/data.pkl"


def is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive: a zip with code in it; ``torch.save`` writes a zip without."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name or name.endswith("constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers of an archive by key, on the CPU: ``torch.jit.load(path).state_dict()``.

    The archive's ``data.pkl`` describes the tree of modules, ``data/N`` are the tensors' bytes (PyTorch,
    ``torch/csrc/jit/docs/serialization.md``).

    Raises:
        pickle.UnpicklingError: the description holds anything but modules and tensors.
        Exception: of another kind, as the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        root = _root(archive)
        module = _Description(io.BytesIO(archive.read(root + _ROOT))).load()
        if not isinstance(module, _Module):
            raise pickle.UnpicklingError("the archive describes no module")
        storages = _Storages(archive, f"{root}/data")
        return {key: storages.tensor(stored) for key, stored in _state(module, "")}


def _root(archive: zipfile.ZipFile) -> str:
    """The folder that all lies in, of any name."""
    for name in archive.namelist():
        if name.endswith(_ROOT) and name.count("/") == 1:
            return name.removesuffix(_ROOT)
    raise pickle.UnpicklingError("the archive describes no module")


class _Stored(NamedTuple):
    """Where a tensor's numbers are; pickles make these, so that they make nothing that has methods."""

    storage: tuple[str, str, str, str, int]  # "storage", type, key, device, values
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Module:
    """A module's attributes by name, without its class."""

    attributes: dict[str, Any]

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("a module of the archive keeps its state in a way of its own")
        self.attributes = state


class _Description(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Stand-ins for the few names that descriptions of networks use."""
        if module_name.partition(".")[0] == "__torch__":
            return _Module
        if module_name == "torch" and global_name in _DTYPES:
            return global_name
        if made := _stand_ins().get(f"{module_name}.{global_name}"):
            return made
        raise pickle.UnpicklingError(f"the archive wants {module_name}.{global_name}")

    def persistent_load(self, pid: Any, /) -> Any:
        """The place of a storage, as it is written."""
        return pid


def _stand_ins() -> dict[str, Callable[..., Any]]:
    """Made anew each time: a pickle can set attributes of what it is given."""
    return {
        "collections.OrderedDict": OrderedDict,
        "torch._utils._rebuild_tensor_v2": lambda *parts: _Stored(*parts[:4]),
        "torch.jit._pickle.restore_type_tag": lambda value, _: value,
        **{f"torch.jit._pickle.build_{kind}list": list for kind in ("int", "double", "bool", "tensor")},
    }


def _state(module: _Module, prefix: str) -> Iterator[tuple[str, _Stored]]:
    """Tensors by key; a module's own come before those of the modules in it, as in ``state_dict``."""
    for name, value in module.attributes.items():
        if isinstance(value, _Stored):
            yield prefix + name, value
    for name, value in module.attributes.items():
        if isinstance(value, _Module):
            yield from _state(value, f"{prefix}{name}.")


class _Storages:
    """Bytes of an archive as tensors; tensors that share a storage share memory."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._read: dict[tuple[str, str], Tensor] = {}

    def tensor(self, stored: _Stored) -> Tensor:
        _, kind, key, _, _ = stored.storage
        if (kind, key) not in self._read:
            held = bytearray(self._archive.read(f"{self._folder}/{key}"))
            dtype = _DTYPES[kind]
            flat = torch.frombuffer(held, dtype=dtype) if held else torch.empty(0, dtype=dtype)
            self._read[kind, key] = flat
        return self._read[kind, key].as_strided(stored.size, stored.stride, stored.offset)
