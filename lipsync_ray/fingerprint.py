"""Hashes that say whether two results are the same: of any data, and of the code that makes them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

_SUFFIXES = (".py", ".yaml", ".npz")
# What decodes, resizes, infers and encodes: another version may give other pixels.
_LIBRARIES = ("numpy", "opencv-python-headless", "opencv-python", "av", "ai-edge-litert")


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


def fingerprint(*values: Any) -> str:
    """SHA-256 (hex) of nested dataclasses, mappings, sequences, arrays and plain values.

    Unlike a hash of a pickle it does not depend on object identity or insertion order.

    Raises:
        TypeError: a value of a type whose content is not well defined.
    """
    digest = hashlib.sha256()
    _feed(digest, values)
    return digest.hexdigest()


@lru_cache
def code_version(*parts: str) -> str:
    """Short hash of the package's source and data, and of the libraries that pixels come from.

    A change of any of them makes cached results invalid. ``parts`` names the sub-packages that count, such
    as ``faces``; all of the package by default.
    """
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for name in sorted(_files(root, parts or ("",)), key=lambda name: name.split("/")):
        if not name.startswith("conf/"):  # only wheels have the defaults inside
            digest.update(name.encode())
            digest.update((root / name).read_bytes())
    digest.update(repr([_installed(name) for name in _LIBRARIES]).encode())
    return digest.hexdigest()[:16]


def _files(root: Path, parts: Iterable[str]) -> Iterator[str]:
    """Paths in a folder of all source and data below parts of it."""
    for part in parts:
        for folder, _, names in os.walk(root / part):  # a Path for each would take longer than its hash
            inner = Path(folder).relative_to(root).as_posix()
            wanted = [name for name in names if name.endswith(_SUFFIXES)]
            yield from wanted if inner == "." else [f"{inner}/{name}" for name in wanted]


def _installed(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _feed(digest: _Hash, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"array{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        digest.update(f"data{type(value).__name__}".encode())
        for item in fields(value):
            digest.update(item.name.encode())
            _feed(digest, getattr(value, item.name))
    elif isinstance(value, Mapping):
        digest.update(f"map{len(value)}".encode())
        for key in sorted(value, key=repr):
            _feed(digest, key)
            _feed(digest, value[key])
    elif isinstance(value, (list, tuple)):
        digest.update(f"list{len(value)}".encode())
        for item in value:
            _feed(digest, item)
    elif value is None or isinstance(value, (bool, int, float, str, Fraction, Enum, Path, np.generic)):
        plain = value.item() if isinstance(value, np.generic) else value
        digest.update(f"{type(plain).__name__}:{plain!r};".encode())
    elif isinstance(value, bytes):
        digest.update(b"bytes" + value)
    else:
        raise TypeError(f"no fingerprint for {type(value).__name__}")
