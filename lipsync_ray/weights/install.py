"""Bringing one weight file into the store's folder; the caller holds the lock of its parcel."""

from __future__ import annotations

import glob
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import WeightsMissing
from lipsync_ray.progress import Progress
from lipsync_ray.weights import refusals
from lipsync_ray.weights.checked import Checks
from lipsync_ray.weights.entry import WeightEntry
from lipsync_ray.weights.own import OwnFolder, OwnStore
from lipsync_ray.weights.registry import Registry

logger = logging.getLogger(__name__)


def fresh_folder(parent: Path, prefix: str) -> tempfile.TemporaryDirectory[str]:
    """A temporary folder; those with this prefix that killed processes left are removed.

    The caller holds a lock that stands for the prefix.
    """
    for left in parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(dir=parent, prefix=prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Puts files into ``folder`` once their bytes are found right, never before."""

    folder: Path
    own: OwnFolder | OwnStore | None  # where the user has files
    offline: bool
    registry: Registry
    progress: Progress | None = None

    def install(self, entry: WeightEntry) -> None:
        """Bring the file, and others that come in the same parcel.

        Raises WeightsMissing, or WeightsCorrupt for other bytes than the published or pinned ones.
        """
        target = self.folder / entry.file
        damaged = target.is_file()
        with fresh_folder(self.folder, f".fetch-{entry.parcel}-") as name:
            staged = Checks(folder=self.folder, notes=Path(name) / ".checked")
            try:
                self._bring(entry, Path(name), staged)
            except WeightsMissing as error:
                if damaged:
                    raise refusals.corrupt(target, entry, staged, self.registry) from error
                raise
            ready = [e for e in self.registry.entries.values() if staged.accept(Path(name) / e.file, e)]
            if entry not in ready:  # another process pinned other bytes meanwhile
                raise refusals.corrupt(Path(name) / entry.file, entry, staged, self.registry)
            for other in ready:
                self._put(Path(name) / other.file, other, staged)
        logger.info("weights: %s is ready in %s", entry.file, self.folder)

    def _put(self, fetched: Path, entry: WeightEntry, staged: Checks) -> None:
        target, digest = self.folder / entry.file, staged.digest(fetched)
        os.replace(fetched, target)
        Checks(folder=self.folder).remember(target, digest)

    def _bring(self, entry: WeightEntry, into: Path, staged: Checks) -> None:
        def check(path: Path, origin: str, own: bool = False) -> None:
            if not staged.is_right(path, entry):
                raise refusals.corrupt(path, entry, staged, self.registry, own=own, origin=origin)

        if origin := self._bring_own(entry, into / entry.file):
            return check(into / entry.file, origin, own=True)
        if self.offline:
            raise refusals.missing(entry, f"it is not in {self.folder} and fetching is off")
        from lipsync_ray.weights.fetch import Fetcher  # and with it what speaks to servers

        others = [other for other in self.registry.entries.values() if other != entry]
        fetcher = Fetcher(into=into, partial=self.folder / ".partial", others=others, progress=self.progress)
        try:
            fetcher.fetch(entry, check)
        except WeightsMissing as error:
            raise refusals.missing(entry, str(error)) from error

    def _bring_own(self, entry: WeightEntry, target: Path) -> str | None:
        """Copy from the user's store at a URI, or unpack an archive that lies there or was put here by hand.

        Returns where the file came from, None if nowhere.
        """
        if isinstance(self.own, OwnStore):
            return self.own.uri if self.own.copy(entry, target) else None
        places = [self.own] if self.own else []
        for place in [*places, OwnFolder(folder=self.folder)]:
            if place.unpack(entry, target):
                return str(place.folder)
        return None
