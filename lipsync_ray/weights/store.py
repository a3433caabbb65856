"""The folder where weight files live: fetched once, checked, shared by all processes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.progress import Progress
from lipsync_ray.weights import refusals
from lipsync_ray.weights.checked import Checks
from lipsync_ray.weights.entry import WeightEntry
from lipsync_ray.weights.install import Installer, fresh_folder
from lipsync_ray.weights.own import OwnFolder, OwnStore, is_uri
from lipsync_ray.weights.registry import Registry
from lipsync_ray.weights.status import Inspector, WeightStatus


def default_folder() -> Path:
    """``weights`` in the cache of this machine."""
    return default_cache_dir() / "weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStore:
    """Weight files by name: :meth:`path` fetches what is absent.

    ``directory`` is a folder or a URI (s3://, gs://, abfs://) of the user's own that is looked into
    first, under the files' published names; in a folder also known subfolders are looked into, and a file
    with the published bytes is found under any name. With ``trust`` a file there that bears the name is
    taken whatever its bytes are. A file without a published hash is pinned on first use. With
    ``policy="commercial"`` a file whose terms forbid commercial use, or do not settle it, is refused.
    Picklable: a worker resolves paths on its own machine.
    """

    folder: Path = field(default_factory=default_folder)
    directory: str | None = None
    trust: bool = False
    policy: Literal["any", "commercial"] = "any"
    offline: bool = False  # never fetch
    registry: Registry = field(default_factory=Registry.load)

    def path(self, name: str, progress: Progress | None = None) -> Path:
        """Where the file lies, after fetching it if needed; ``progress`` shows the download.

        Raises LicenseRefused, WeightsMissing, WeightsCorrupt, or ConfigError for an unknown name.
        """
        entry, checks = self._allowed(name), self._checks()
        own = self._own()
        if found := self._find_own(entry, own, checks):
            return found
        target = self.folder / entry.file
        if checks.is_known_right(target, entry):
            return target
        if target.is_file() and not os.access(self.folder, os.W_OK):  # filled by someone else, for reading
            if not checks.is_right(target, entry):
                raise refusals.corrupt(target, entry, checks, self.registry)
            return target
        with self._lock(entry.parcel):
            if not checks.accept(target, entry):
                Installer(
                    folder=self.folder,
                    own=own,
                    offline=self.offline,
                    registry=self.registry,
                    progress=progress,
                ).install(entry)
        return target

    def digest(self, name: str) -> str:
        """SHA-256 of the file that :meth:`path` gives; the file is read only where that is not certain.

        Raises what :meth:`path` raises.
        """
        entry = self._allowed(name)
        if entry.sha256 and not (self.trust and self.directory):
            return entry.sha256
        return self._checks().digest(self.path(name))

    def pull(
        self,
        names: Iterable[str] | None = None,
        progress: Progress | None = None,
        on_ready: Callable[[str, Path], None] | None = None,
    ) -> dict[str, Path]:
        """Fetch files and bundles by name, by default what every run needs.

        Terms are looked at before anything is fetched. A file that cannot be had does not keep the others
        from coming: the error is raised after them, one for all.
        """
        chosen = self.registry.default() if names is None else self.registry.resolve(names)
        for name in chosen:
            self._allowed(name)
        paths: dict[str, Path] = {}
        failed: dict[str, WeightsMissing | WeightsCorrupt] = {}
        for name in chosen:
            try:
                paths[name] = self.path(name, progress)
            except (WeightsMissing, WeightsCorrupt) as error:
                failed[name] = error
                continue
            if on_ready:
                on_ready(name, paths[name])
        if failed:
            raise refusals.of_many(failed, len(chosen), self.registry)
        return paths

    def status(self, names: Iterable[str] | None = None, *, again: bool = False) -> list[WeightStatus]:
        """Files as they stand, by default all known ones.

        A file that was read before is not read again; with ``again`` it is.
        """
        own = self._own()
        folder = own if isinstance(own, OwnFolder) else None
        look = Inspector(checks=self._checks(), own=folder, trust=self.trust, again=again).look
        return [look(self.registry.entry(name)) for name in names or self.registry.entries]

    def verify(self, names: Iterable[str] | None = None) -> list[WeightStatus]:
        """Files as they stand, with the hashes of those present computed anew."""
        return self.status(names, again=True)

    def derive(self, file: str, build: Callable[[Path], object]) -> Path:
        """A file computed from weights, made once per machine: ``build`` writes it at the path it gets.

        ``file`` must name everything the content depends on.
        """
        target = self.folder / file
        if not target.is_file():
            with self._lock(file):
                if not target.is_file():
                    with fresh_folder(self.folder, f".derive-{file}-") as name:
                        build(Path(name) / target.name)
                        os.replace(Path(name) / target.name, target)
        return target

    def _checks(self) -> Checks:
        return Checks(folder=self.folder)

    def _allowed(self, name: str) -> WeightEntry:
        entry = self.registry.entry(name)
        if self.policy == "commercial" and entry.commercial != "yes":
            raise refusals.license_refused(entry, self.registry)
        return entry

    def _own(self) -> OwnFolder | OwnStore | None:
        if self.directory is None:
            return None
        if is_uri(self.directory):
            return OwnStore(uri=self.directory)
        return OwnFolder(folder=Path(self.directory).expanduser())

    def _find_own(self, entry: WeightEntry, own: OwnFolder | OwnStore | None, checks: Checks) -> Path | None:
        """The file in the user's own folder, if it lies there; with ``trust`` also a copy of one at a URI."""
        if isinstance(own, OwnStore):
            return self._copy_as_it_is(entry, own) if self.trust else None
        if own is None:
            return None
        named = own.named(entry)
        if self.trust and named:
            return named[0]
        right = next((path for path in named if checks.accept(path, entry)), None)
        if found := right or own.twin(entry, checks):
            return found
        if named:
            raise refusals.corrupt(named[0], entry, checks, self.registry, own=True)
        return None

    def _copy_as_it_is(self, entry: WeightEntry, own: OwnStore) -> Path | None:
        """A copy of what lies at the URI now, kept apart from the published files."""
        version = own.version(entry)
        if version is None:
            return None
        key = hashlib.sha256(version.encode()).hexdigest()[:16]
        return self.derive(f"own-{key}-{entry.file}", lambda target: own.copy(entry, target))

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
