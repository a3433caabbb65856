"""The corpus on disk: one uncompressed ``.npz`` per voice, with samples and the class of each 10-ms frame.

Arrays of a file: ``samples int16[total]`` (16 kHz mono, utterances one after the other), their ``bounds
int64[k+1]``, ``labels uint8[frames]`` (each utterance has ``frame_count`` of its length), and ``voice``,
``family``, ``language`` as 0-d strings. A file is written beside its name and renamed: if it exists, it is
complete.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from lipsync_ray.speech.features import HOP, RATE, frame_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A sentence as spoken, and what is heard in each of its frames."""

    samples: np.ndarray  # float32[n] in [-1, 1], 16 kHz mono
    labels: np.ndarray  # uint8[frame_count(n)], indices of classes.NAMES

    def __post_init__(self) -> None:
        if len(self.labels) != frame_count(len(self.samples)):
            raise ValueError(f"{len(self.labels)} labels for {len(self.samples)} samples")


class VoiceFile:
    """One voice of a corpus; utterances are read when asked for.

    Attributes:
        name: of the voice, and of its file.
        family: ``flite``, ``festival`` or ``espeak``.
        language: as in ``en``, ``cs``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with np.load(path) as file:
            self.name, self.family, self.language = (
                str(file[key]) for key in ("voice", "family", "language")
            )
            self._bounds = file["bounds"]
        frames = np.diff(self._bounds) // HOP + 1
        self._frames = np.concatenate([[0], np.cumsum(frames)])

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        with np.load(self.path) as file:
            return file["samples"], file["labels"]

    @property
    def seconds(self) -> float:
        """Duration of all utterances together."""
        return float(self._bounds[-1]) / RATE

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, index: int) -> Utterance:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        samples, labels = self._arrays
        return Utterance(
            samples=samples[self._bounds[index] : self._bounds[index + 1]].astype(np.float32) / 32768.0,
            labels=labels[self._frames[index] : self._frames[index + 1]],
        )

    def __iter__(self) -> Iterator[Utterance]:
        return (self[index] for index in range(len(self)))


def voice_path(folder: Path, name: str) -> Path:
    """Where a voice's file is."""
    return folder / f"{name}.npz"


def write_voice(
    folder: str | Path, *, name: str, family: str, language: str, utterances: Iterable[Utterance]
) -> Path:
    """Write a voice's file whole, or leave nothing; returns its path."""
    path = voice_path(Path(folder), name)
    kept = list(utterances)
    samples = [np.round(np.clip(item.samples * 32768.0, -32768, 32767)).astype(np.int16) for item in kept]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([np.zeros(0, np.int16), *samples]),
            bounds=np.cumsum([0] + [len(item) for item in samples], dtype=np.int64),
            labels=np.concatenate([np.zeros(0, np.uint8), *(item.labels for item in kept)]),
            voice=name,
            family=family,
            language=language,
        )
    os.replace(partial, path)
    return path


def open_corpus(folder: str | Path) -> list[VoiceFile]:
    """All voices in a folder, by name."""
    return [VoiceFile(path) for path in sorted(Path(folder).glob("*.npz"))]
