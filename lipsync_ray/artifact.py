"""What a rendered chunk leaves: an encoded segment, overlaps, notes, a record that says that all is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.fingerprint import fingerprint
from lipsync_ray.storage.whole import atomic_path


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """The sidecar of one artifact. It is written last: its existence means the artifact is done."""

    name: str  # artifact's base name; holds the hash of all that determines it
    start: int  # first output frame of the encoded segment
    stop: int  # after its last; equal to start when nothing but overlaps was rendered
    bytes: int  # size of the encoded segment, 0 without one
    overlap_bytes: int  # size of the overlaps' file, 0 without one
    digests: str  # of the composited crop, a line each frame of the segment; "" = source frame untouched
    note_bytes: int = 0  # size of the file of notes on the source's frames, 0 without one
    seconds: dict[str, float] = field(default_factory=dict)  # wall clock by stage
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    host: str = ""

    def segment(self, folder: Path) -> Path | None:
        """The encoded segment, or None when the artifact holds overlaps only."""
        return folder / f"{self.name}.nut" if self.stop > self.start else None

    def is_whole(self, folder: Path) -> bool:
        """Whether the files are there and have the sizes they were written with.

        Raises:
            OSError: one is not there.
        """
        segment = self.segment(folder)
        if segment is not None and segment.stat().st_size != self.bytes:
            return False
        beside = {overlaps_path: self.overlap_bytes, notes_path: self.note_bytes}
        return all(
            not size or path(folder, self.name).stat().st_size == size for path, size in beside.items()
        )


def overlaps_path(folder: Path, name: str) -> Path:
    """Lossless crops of the frames that an artifact shares with its neighbours."""
    return folder / f"{name}.npz"


def notes_path(folder: Path, name: str) -> Path:
    """What was noted of the source frames that an artifact was drawn on."""
    return folder / f"{name}.notes.npz"


def artifact_name(index: int, *determining: object) -> str:
    """``00012-0123456789abcdef``: a chunk's number and the hash of everything that determines it."""
    return f"{index:05d}-{fingerprint(*determining)[:16]}"


def load_record(folder: Path, name: str, *, trusted: bool = False) -> ChunkRecord | None:
    """The record of a finished artifact, or None where it is missing, torn or of another size.

    Args:
        folder: where artifacts are.
        name: of the artifact.
        trusted: the other files are elsewhere, where each was stored whole before the record.
    """
    try:
        record = ChunkRecord(**json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
        return record if record.name == name and (trusted or record.is_whole(folder)) else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def save_record(folder: Path, record: ChunkRecord) -> None:
    """Write the record whole or not at all."""
    with atomic_path(folder / f"{record.name}.json") as path:
        path.write_text(json.dumps(asdict(record)), encoding="utf-8")


def save_overlaps(folder: Path, name: str, crops: Mapping[int, list[np.ndarray]]) -> int:
    """Write the crop planes of shared output frames, ``{number: [Y, U, V]}``; returns the file's size.

    A shared frame that no engine has touched has no crop.
    """
    arrays: dict[str, Any] = {
        f"{number}.{index}": plane for number, planes in crops.items() for index, plane in enumerate(planes)
    }
    with atomic_path(overlaps_path(folder, name)) as path:
        np.savez(path, **arrays)
        return path.stat().st_size


def load_overlaps(folder: Path, name: str) -> dict[int, list[np.ndarray]]:
    """What ``save_overlaps`` wrote."""
    crops: dict[int, list[np.ndarray]] = {}
    with np.load(overlaps_path(folder, name)) as file:
        for name in sorted(file.files, key=lambda item: tuple(map(int, item.split(".")))):
            crops.setdefault(int(name.split(".")[0]), []).append(file[name])
    return crops


def save_notes(folder: Path, name: str, notes: Mapping[str, np.ndarray]) -> int:
    """Write notes on source frames; returns the file's size."""
    arrays: dict[str, Any] = dict(notes)
    with atomic_path(notes_path(folder, name)) as path:
        np.savez(path, **arrays)
        return path.stat().st_size


def load_notes(path: Path) -> dict[str, np.ndarray]:
    """What ``save_notes`` wrote."""
    with np.load(path) as file:
        return {key: file[key] for key in file.files}


def remove_partials(folder: Path) -> None:
    """Remove what interrupted writers left in a folder that nobody writes to any more."""
    for path in folder.glob(".*"):
        with suppress(OSError):
            path.unlink()
