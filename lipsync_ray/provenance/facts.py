"""What is told of a dub: the project's own assertion in the manifest, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lipsync_ray.provenance.intervals import Interval
from lipsync_ray.provenance.packing import MOST, merged, packed, packed_by_name, unpacked
from lipsync_ray.provenance.wary import line, mappings, number, small_map

LABEL = "org.lipsync-ray.dub"
MOST_FILES = 100  # that are told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file that a job was given."""

    use: str  # source, speech (it is heard) or drive (the mouth follows it)
    name: str  # without folders
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DubFacts:
    """One dub. Files are told by name and hash, never by their place."""

    version: str  # of lipsync_ray
    code: str  # code_version(): of its source, and of the libraries that pixels come from
    engine: str  # that the job asks for
    weights: Mapping[str, str]  # SHA-256 of the files of all engines that have drawn
    settings_sha256: str  # of all settings that bear on the output
    frames: int  # of the output
    edited_frames: int  # in which something was drawn
    edited: tuple[Interval, ...]
    speakers: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)  # where there are several
    engines: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)  # where several have drawn
    widest_gap: int = 0  # gaps of up to so many frames count as edited in the stretches
    passed_through: Mapping[str, int] = field(default_factory=dict)  # frames left as they are, by reason
    digest: str  # of all composited pictures
    files: tuple[GivenFile, ...]  # that the dub was made from, MOST_FILES at most
    more_files: int = 0  # that are not told
    audio_sha256: str  # of the sound that is delivered: a file's, or that of several put together
    consent: str | None = None
    visible_mark: str | None = None
    outside: str | None = None  # SHA-256 of what the signature leaves out, see provenance.outside

    @property
    def source_sha256(self) -> str:
        """Of the video or picture that was given; empty: it is not told."""
        return next((file.sha256 for file in self.files if file.use == "source"), "")

    def to_plain(self) -> dict[str, Any]:
        """As the manifest holds it."""
        return {
            "lipsync_ray": self.version,
            "code": self.code,
            "engine": self.engine,
            "weights": dict(self.weights),
            "settings_sha256": self.settings_sha256,
            "frames": self.frames,
            "edited_frames": self.edited_frames,
            "edited": packed(self.edited),
            "speakers": packed_by_name(self.speakers),
            "engines": packed_by_name(self.engines),
            "widest_gap": self.widest_gap,
            "passed_through": dict(self.passed_through),
            "digest": self.digest,
            "files": [{"use": one.use, "name": one.name, "sha256": one.sha256} for one in self.files],
            "more_files": self.more_files,
            "audio_sha256": self.audio_sha256,
            "consent": self.consent,
            "visible_mark": self.visible_mark,
            "outside": self.outside,
        }


def fitting(facts: DubFacts, most: int = MOST) -> DubFacts:
    """The facts with no more stretches than a manifest holds; ``widest_gap`` says what was joined."""
    share = max(1, most // (1 + len(facts.speakers) + len(facts.engines)))
    edited, widest = merged(facts.edited, share)
    speakers, engines = (
        {name: merged(own, share) for name, own in named.items()} for named in (facts.speakers, facts.engines)
    )
    return replace(
        facts,
        edited=edited,
        speakers={name: own for name, (own, _) in speakers.items()},
        engines={name: own for name, (own, _) in engines.items()},
        widest_gap=max(widest, *(gap for _, gap in (*speakers.values(), *engines.values())), 0),
    )


def read_facts(plain: object) -> DubFacts:
    """Facts from a manifest of any origin: anybody may have written it, and what they liked.

    Raises:
        ValueError: something is missing or of another type.
    """
    if not isinstance(plain, dict):
        raise ValueError("no mapping")
    return DubFacts(
        version=line(plain.get("lipsync_ray")),
        code=line(plain.get("code")),
        engine=line(plain.get("engine")),
        weights=small_map(plain.get("weights"), line),
        settings_sha256=line(plain.get("settings_sha256")),
        frames=number(plain.get("frames")),
        edited_frames=number(plain.get("edited_frames")),
        edited=unpacked(plain.get("edited")),
        speakers=small_map(plain.get("speakers"), unpacked, MOST),
        engines=small_map(plain.get("engines"), unpacked),
        widest_gap=number(plain.get("widest_gap")),
        passed_through=small_map(plain.get("passed_through"), number),
        digest=line(plain.get("digest")),
        files=tuple(_file(item) for item in mappings(plain.get("files"))[:MOST_FILES]),
        more_files=number(plain.get("more_files")),
        audio_sha256=line(plain.get("audio_sha256")),
        consent=_optional(plain.get("consent"), 500),
        visible_mark=_optional(plain.get("visible_mark")),
        outside=_optional(plain.get("outside")),
    )


def _file(plain: Mapping[str, Any]) -> GivenFile:
    use, name, sha256 = (line(plain.get(key)) for key in ("use", "name", "sha256"))
    return GivenFile(use=use, name=name, sha256=sha256)


def _optional(value: object, longest: int = 200) -> str | None:
    return None if value is None else line(value, longest)
