"""What the signature of an .mp4 or .mov leaves out: boxes that the standard's hash passes over.

Anybody could change or add them unseen: the file's type, and room that players skip. So their own hash is
told in the project's assertion, which is signed. What stays outside lies in the manifest's box: names of its
parts, and zeros that fill it up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_LEFT_OUT = (b"ftyp", b"mfra", b"free", b"skip")
_MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # the uuid of C2PA's boxes
_BLOCK = 1 << 20  # bytes


def outside_hash(path: Path) -> str:
    """SHA-256, in hex, of all boxes that are left out, without the first one that holds a manifest.

    Raises:
        OSError: it cannot be read.
    """
    digest, manifests = hashlib.sha256(), 0
    with path.open("rb") as file:
        for kind, start, stop in _boxes(file):
            if kind == b"uuid" and _is_manifest(file, start):
                manifests += 1
                if manifests == 1:
                    continue
            elif kind not in _LEFT_OUT:
                continue
            _feed(digest, file, start, stop)
    return digest.hexdigest()


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first and last byte of all boxes; what is no box counts as one that is left out."""
    size, at = file.seek(0, 2), 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - at
        if len(head) < 8 or not 8 <= length <= size - at:
            kind, length = _LEFT_OUT[0], size - at
        yield kind, at, at + length
        at += length


def _is_manifest(file: BinaryIO, start: int) -> bool:
    file.seek(start)
    head = file.read(32)
    return head.startswith(_MANIFEST, 16 if head[:4] == b"\0\0\0\1" else 8)


def _feed(digest, file: BinaryIO, start: int, stop: int) -> None:
    file.seek(start)
    digest.update((stop - start).to_bytes(8, "big"))
    while start < stop and (block := file.read(min(_BLOCK, stop - start))):
        digest.update(block)
        start += len(block)
