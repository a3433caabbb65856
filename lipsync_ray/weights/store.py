"""The folder where weight files live: fetched once, checked, shared by all processes."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lipsync_ray.errors import LicenseRefused, WeightsCorrupt, WeightsMissing
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.weights.checked import file_sha256, is_checked, mark_checked
from lipsync_ray.weights.fetch import copy_from_user, fetch
from lipsync_ray.weights.registry import Registry, WeightEntry

logger = logging.getLogger(__name__)

State = Literal["present", "absent", "corrupt"]


def default_folder() -> Path:
    """``weights`` in the cache of this machine."""
    return default_cache_dir() / "weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStatus:
    """How one weight file stands on this machine."""

    entry: WeightEntry
    state: State
    path: Path | None  # where it lies, if anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStore:
    """Weight files by name: :meth:`path` fetches what is absent.

    ``directory`` is a folder or a URI (s3://, gs://, abfs://) of the user's own that is looked into
    first, under the files' published names. With ``policy="commercial"`` a file whose terms forbid
    commercial use, or do not settle it, is refused. Picklable: a worker resolves paths on its own machine.
    """

    folder: Path = field(default_factory=default_folder)
    directory: str | None = None
    policy: Literal["any", "commercial"] = "any"
    offline: bool = False  # never fetch
    registry: Registry = field(default_factory=Registry.load)

    def path(self, name: str) -> Path:
        """Where the file lies, after fetching it if needed.

        Raises LicenseRefused, WeightsMissing, WeightsCorrupt, or ConfigError for an unknown name.
        """
        entry = self.registry.entry(name)
        self._allow(entry)
        if local := self._own(entry):
            return local
        target = self.folder / entry.file
        if is_checked(target, entry, self.folder):
            return target
        if target.is_file() and not os.access(self.folder, os.W_OK):
            self._check(target, entry)  # filled by someone else, for reading only
            return target
        with self._lock(entry.bundle):
            if not is_checked(target, entry, self.folder):
                self._install(entry, target)
        return target

    def pull(self, names: Iterable[str] | None = None) -> dict[str, Path]:
        """Fetch several files, all known ones by default."""
        return {name: self.path(name) for name in names or self.registry.entries}

    def status(self) -> list[WeightStatus]:
        """Every known file, as it stands; a file that was checked before is not read again."""
        return [self._status(entry, again=False) for entry in self.registry.entries.values()]

    def verify(self) -> list[WeightStatus]:
        """Every known file, with the hashes of those present computed anew."""
        return [self._status(entry, again=True) for entry in self.registry.entries.values()]

    def derive(self, file: str, build: Callable[[Path], None]) -> Path:
        """A file computed from weights, made once per machine: ``build`` writes it at the path it gets.

        ``file`` must name everything the content depends on.
        """
        target = self.folder / file
        if not target.is_file():
            with self._lock(file):
                if not target.is_file():
                    with tempfile.TemporaryDirectory(dir=self.folder, prefix=".derive-") as name:
                        build(Path(name) / target.name)
                        os.replace(Path(name) / target.name, target)
        return target

    def _allow(self, entry: WeightEntry) -> None:
        if self.policy == "commercial" and entry.commercial != "yes":
            terms = "forbid it" if entry.commercial == "no" else "do not settle it"
            raise LicenseRefused(
                f"license.policy=commercial, and the terms of {entry.name} ({entry.file}, {entry.licence}) "
                f"{terms}; choose another engine or license.policy=any"
            )

    def _own(self, entry: WeightEntry) -> Path | None:
        """The file in the user's own folder, checked, if it lies there."""
        if self.directory is None or "://" in self.directory:
            return None
        path = Path(self.directory).expanduser() / entry.file
        if not path.is_file():
            return None
        if not is_checked(path, entry, self.folder):
            self._check(path, entry)
            mark_checked(path, entry, self.folder)
        return path

    def _install(self, entry: WeightEntry, target: Path) -> None:
        if target.is_file() and _matches(target, entry):
            mark_checked(target, entry, self.folder)  # copied there by hand
            return
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".fetch-") as name:
            self._get(entry, Path(name))
            self._check(Path(name) / entry.file, entry)
            for other in self.registry.entries.values():  # one wheel may have brought several
                fetched = Path(name) / other.file
                if fetched.is_file() and _matches(fetched, other):
                    os.replace(fetched, self.folder / other.file)
                    mark_checked(self.folder / other.file, other, self.folder)
        logger.info("weights: %s is ready in %s", entry.file, self.folder)

    def _get(self, entry: WeightEntry, into: Path) -> None:
        if self.directory and copy_from_user(self.directory, entry, into / entry.file):
            return
        if self.offline:
            raise WeightsMissing(
                f"{entry.name} is not in {self.folder} and fetching is off; {_advice(entry)}"
            )
        try:
            fetch(entry, into, [other for other in self.registry.entries.values() if other != entry])
        except WeightsMissing as error:
            raise WeightsMissing(f"{error}; {_advice(entry)}") from error

    def _check(self, path: Path, entry: WeightEntry) -> None:
        if not _matches(path, entry):
            raise WeightsCorrupt(
                f"{path.name} for {entry.name} is not the published file: {path.stat().st_size} bytes "
                f"of {entry.size}, or another SHA-256 than {entry.sha256}; "
                "delete it, or point weights.dir elsewhere"
            )

    def _status(self, entry: WeightEntry, *, again: bool) -> WeightStatus:
        places = [self.folder / entry.file]
        if self.directory and "://" not in self.directory:
            places.insert(0, Path(self.directory).expanduser() / entry.file)
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            return WeightStatus(entry=entry, state="absent", path=None)
        good = (not again and is_checked(path, entry, self.folder)) or _matches(path, entry)
        return WeightStatus(entry=entry, state="present" if good else "corrupt", path=path)

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        from filelock import FileLock

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / f".{name}.lock")
            lock.acquire()
        except OSError as error:
            raise WeightsMissing(
                f"the weights folder {self.folder} cannot be written ({error}); "
                "set LIPSYNC_RAY_CACHE or weights.folder to one that can"
            ) from error
        try:
            yield
        finally:
            lock.release()


def _matches(path: Path, entry: WeightEntry) -> bool:
    return path.stat().st_size == entry.size and file_sha256(path) == entry.sha256


def _advice(entry: WeightEntry) -> str:
    return (
        f"put {entry.file} (SHA-256 {entry.sha256[:12]}…) into a folder and set weights.dir=FOLDER, "
        "or run `lipsync_ray weights pull` where there is a network"
    )
