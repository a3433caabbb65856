"""Finding weight files that a user already has: in a folder as other programs lay it out, or at a URI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lipsync_ray.errors import ConfigError, StorageError, WeightsMissing
from lipsync_ray.storage.files import download
from lipsync_ray.storage.trouble import told
from lipsync_ray.storage.uri import filesystem, join
from lipsync_ray.weights.archive import extract_member
from lipsync_ray.weights.checked import Checks
from lipsync_ray.weights.entry import Archive, ArchiveSource, WeightEntry

if TYPE_CHECKING:
    from pyarrow import fs

# Where other programs keep these files, below the folder that is given; nothing else is looked into. They are
# VideoReTalking's and Wav2Lip's repositories or their checkpoints, LipGAN's, GFPGAN's, GPEN's and facexlib's
# folders, and torch's cache.
PLACES = (
    "",
    "BFM",
    "checkpoints",
    "checkpoints/BFM",
    "face_detection/detection/sfd",
    "logs",
    "weights",
    "gfpgan/weights",
    "experiments/pretrained_models",
    "facexlib/weights",
    "hub/checkpoints",
)


def is_uri(directory: str) -> bool:
    """Whether this names a store such as s3://bucket/models rather than a folder."""
    return "://" in directory


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFolder:
    """A folder of the user's. Raises ConfigError if it is none: a mistyped one must not cost a download."""

    folder: Path

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise ConfigError(f"weights.dir={self.folder} is not a folder")

    def named(self, entry: WeightEntry) -> list[Path]:
        """Files that bear one of the entry's names, its own name first, then by place."""
        return list(self._existing(entry.files))

    def twin(self, entry: WeightEntry, checks: Checks) -> Path | None:
        """A file under any other name with the published bytes; only files of its size are read."""
        if entry.sha256 is None or entry.bytes is None:
            return None
        for place in PLACES:
            for path in _files_in(self.folder / place):
                fits = entry.may_measure(path.stat().st_size)
                if fits and path.name not in entry.files and checks.is_right(path, entry):
                    return path
        return None

    def unpack(self, entry: WeightEntry, target: Path) -> bool:
        """Take the file out of an archive that lies here; False if there is none. Raises WeightsCorrupt."""
        for archive, member in _packs(entry):
            for path in self._existing((archive.file,)):
                extract_member(path, member, target)
                return True
        return False

    def _existing(self, names: tuple[str, ...]) -> Iterator[Path]:
        for name in names:
            for place in PLACES:
                if (path := self.folder / place / name).is_file():
                    yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStore:
    """The same at a URI: files are known by their names alone, and copied."""

    uri: str

    def copy(self, entry: WeightEntry, target: Path) -> bool:
        """Copy the file, or take it out of its archive; False if neither is there. Raises WeightsMissing."""
        if found := self._find(entry.files):
            self._download(found[0], target)
            return True
        for archive, member in _packs(entry):
            if found := self._find((archive.file,)):
                packed = target.with_name(archive.file)
                self._download(found[0], packed)
                extract_member(packed, member, target)
                packed.unlink()
                return True
        return False

    def version(self, entry: WeightEntry) -> str | None:
        """What tells this very file at the URI from a later one, or None if no file has its name."""
        found = self._find(entry.files)
        return f"{self.uri} {found[1].path} {found[1].size} {found[1].mtime_ns}" if found else None

    def _find(self, names: tuple[str, ...]) -> tuple[str, fs.FileInfo] | None:
        from pyarrow.fs import FileType

        places = [join(self.uri, folder, name) for name in names for folder in PLACES]
        with self._readable(), told(self.uri):
            store, _ = filesystem(self.uri)
            infos = store.get_file_info([filesystem(place)[1] for place in places])
        both = zip(places, infos, strict=True)
        return next(((place, info) for place, info in both if info.type == FileType.File), None)

    def _download(self, place: str, target: Path) -> None:
        with self._readable():
            download(place, target)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            raise WeightsMissing(f"weights.dir={self.uri} cannot be read: {error}") from error


def _packs(entry: WeightEntry) -> Iterator[tuple[Archive, str]]:
    for source in entry.sources:
        if isinstance(source, ArchiveSource):
            yield source.archive, source.member


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as found:
            yield from sorted(Path(item.path) for item in found if item.is_file())
    except OSError:
        return  # not there, or not ours to read
