"""A hash of any data of this project that is the same in every process and on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np


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


@lru_cache(maxsize=1)
def code_version() -> str:
    """Short hash of the package's own source: a change of code makes cached results invalid."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


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
