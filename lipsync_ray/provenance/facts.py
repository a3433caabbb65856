"""What is told of a dub: the project's own assertion in the manifest, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lipsync_ray.provenance.intervals import Interval, read_intervals
from lipsync_ray.provenance.wary import line, number, small_map

LABEL = "org.lipsync-ray.dub"


@dataclass(frozen=True, slots=True, kw_only=True)
class DubFacts:
    """One dub. Files are told by name and hash, never by their place."""

    version: str  # of lipsync_ray
    code: str  # code_version(): of its source, and of the libraries that pixels come from
    engine: str
    weights: Mapping[str, str]  # SHA-256 of the engine's files
    settings_sha256: str  # of all settings that bear on the output
    frames: int  # of the output
    edited: tuple[Interval, ...]
    speakers: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)  # where there are several
    passed_through: Mapping[str, int] = field(default_factory=dict)  # frames left as they are, by reason
    digest: str  # of all composited pictures
    source_sha256: str
    audio_sha256: str  # of the sound that is delivered
    consent: str | None = None
    visible_mark: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """As the manifest holds it."""
        return {
            "lipsync_ray": self.version,
            "code": self.code,
            "engine": self.engine,
            "weights": dict(self.weights),
            "settings_sha256": self.settings_sha256,
            "frames": self.frames,
            "edited": [one.to_plain() for one in self.edited],
            "speakers": {name: [one.to_plain() for one in own] for name, own in self.speakers.items()},
            "passed_through": dict(self.passed_through),
            "digest": self.digest,
            "source_sha256": self.source_sha256,
            "audio_sha256": self.audio_sha256,
            "consent": self.consent,
            "visible_mark": self.visible_mark,
        }


def read_facts(plain: object) -> DubFacts:
    """Facts from a manifest of any origin: anybody may have written it, and what they liked.

    Raises:
        ValueError: something is missing or of another type.
    """
    if not isinstance(plain, dict):
        raise ValueError("no mapping")
    speakers = plain.get("speakers") or {}
    if not isinstance(speakers, dict):
        raise ValueError("speakers are no mapping")
    return DubFacts(
        version=line(plain.get("lipsync_ray")),
        code=line(plain.get("code")),
        engine=line(plain.get("engine")),
        weights=small_map(plain.get("weights"), line),
        settings_sha256=line(plain.get("settings_sha256")),
        frames=number(plain.get("frames")),
        edited=read_intervals(plain.get("edited")),
        speakers={line(name): read_intervals(own) for name, own in speakers.items()},
        passed_through=small_map(plain.get("passed_through"), number),
        digest=line(plain.get("digest")),
        source_sha256=line(plain.get("source_sha256")),
        audio_sha256=line(plain.get("audio_sha256")),
        consent=None if plain.get("consent") is None else line(plain["consent"], 500),
        visible_mark=None if plain.get("visible_mark") is None else line(plain["visible_mark"]),
    )
