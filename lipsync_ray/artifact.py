"""What a rendered chunk leaves behind: an encoded segment, its overlaps, a record that says it is whole."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.fingerprint import fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """The sidecar of one artifact. It is written last: its existence means the artifact is done."""

    name: str  # artifact's base name; holds the hash of all that determines it
    start: int  # first output frame of the encoded segment
    stop: int  # after its last; equal to start when nothing but overlaps was rendered
    bytes: int  # size of the encoded segment
    digests: list[str]  # of the composited crop, by frame of the segment; "" = source frame untouched
    seconds: dict[str, float] = field(default_factory=dict)  # wall clock by stage
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    host: str = ""

    def segment(self, folder: Path) -> Path | None:
        """The encoded segment, or None when the artifact holds overlaps only."""
        return folder / f"{self.name}.nut" if self.stop > self.start else None

    def overlaps(self, folder: Path) -> Path:
        """Lossless crops of the frames shared with the neighbours."""
        return folder / f"{self.name}.npz"


def artifact_name(index: int, *determining: object) -> str:
    """``00012-0123456789abcdef``: a chunk's number and the hash of everything that determines it."""
    return f"{index:05d}-{fingerprint(*determining)[:16]}"


def load_record(folder: Path, name: str) -> ChunkRecord | None:
    """The record of a finished artifact, or None where it is missing, torn or of another size."""
    try:
        record = ChunkRecord(**json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
        segment = record.segment(folder)
        whole = segment is None or segment.stat().st_size == record.bytes
    except (OSError, ValueError, TypeError):
        return None
    return record if whole and record.name == name else None


def save_record(folder: Path, record: ChunkRecord) -> None:
    """Write the record whole or not at all."""
    temporary = temporary_beside(folder / f"{record.name}.json")
    temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
    temporary.replace(folder / f"{record.name}.json")


def save_overlaps(path: Path, crops: Mapping[int, list[np.ndarray]]) -> None:
    """Write the crop planes of shared output frames, ``{number: [Y, U, V]}``, whole or not at all."""
    temporary = temporary_beside(path)
    arrays: dict[str, Any] = {
        f"{number}.{index}": plane for number, planes in crops.items() for index, plane in enumerate(planes)
    }
    with temporary.open("wb") as file:
        np.savez(file, **arrays)
    temporary.replace(path)


def load_overlaps(path: Path) -> dict[int, list[np.ndarray]]:
    """What ``save_overlaps`` wrote; empty where the chunk shares no touched frame."""
    if not path.exists():
        return {}
    crops: dict[int, list[np.ndarray]] = {}
    with np.load(path) as file:
        for name in sorted(file.files, key=lambda item: tuple(map(int, item.split(".")))):
            crops.setdefault(int(name.split(".")[0]), []).append(file[name])
    return crops


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder that no other process uses."""
    return path.with_name(f".{path.stem}.{os.getpid()}-{uuid.uuid4().hex[:8]}{path.suffix}")


def remove_partials(folder: Path) -> None:
    """Remove what interrupted writers left in a folder that nobody writes to any more."""
    for path in folder.glob(".*"):
        with suppress(OSError):
            path.unlink()
