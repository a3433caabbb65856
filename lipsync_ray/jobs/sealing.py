"""What an output says of itself: the facts of its job, put into it or beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

import lipsync_ray
from lipsync_ray.compositing import RenderJob, drawn_frames
from lipsync_ray.config import Config
from lipsync_ray.fingerprint import code_version
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.prepare import Prepared
from lipsync_ray.provenance.facts import DubFacts
from lipsync_ray.provenance.identity import Identity, load_identity
from lipsync_ray.provenance.intervals import Interval, intervals_of
from lipsync_ray.provenance.manifest import SOURCE, SPEECH, definition
from lipsync_ray.provenance.signing import Ingredient, Sealed, format_of, seal
from lipsync_ray.stitch import Assembly
from lipsync_ray.storage.uri import name_of
from lipsync_ray.storage.whole import spare_path

# Where and how work is done, and what is said of it: not what comes out of it.
_NO_MATTER = frozenset(
    {
        *("out", "log", "debug", "ray", "cache", "weights"),
        *("batch", "cost", "preview", "quality", "policy", "provenance"),
    }
)


def check_permission(config: Config) -> None:
    """What would keep a dub from being made, or from being signed once it is.

    Raises:
        ConsentRequired: see ``policy.require_consent``.
        SigningFailed, DependencyMissing: see ``load_identity``.
    """
    config.policy.check()
    signer_of(config)


def signer_of(config: Config) -> Identity | None:
    """Who signs the outputs of a job, read on the driver; None where nobody does. Raises as above."""
    return load_identity(config.provenance) if config.provenance.mode == "c2pa" else None


def drawn_by_role(job: RenderJob) -> dict[str, np.ndarray]:
    """The output frames ``bool[T]`` in which each person of a job is drawn, by name."""
    return {role.name: drawn_frames(job, role) for role in job.roles}


def facts_of(
    prepared: Prepared,
    inputs: Inputs,
    told: Mapping[str, Any],
    assembly: Assembly,
    drawn: Mapping[str, np.ndarray],
) -> DubFacts:
    """What is told of a finished job; ``told`` are its settings."""
    timeline, edited = inputs.timeline, assembly.edited

    def stretches(frames: np.ndarray) -> tuple[Interval, ...]:
        return intervals_of(frames, timeline.times(), float(timeline.end * timeline.time_base))

    return DubFacts(
        version=lipsync_ray.__version__,
        code=code_version(),
        engine=prepared.plan.engine,
        weights={name_of(name): sha256 for name, sha256 in prepared.weights.items()},
        settings_sha256=settings_hash(told),
        frames=len(timeline),
        edited=stretches(edited),
        speakers={name: stretches(edited & own) for name, own in drawn.items()} if len(drawn) > 1 else {},
        passed_through=prepared.plan.passed_through,
        digest=assembly.digest,
        source_sha256=inputs.source_hash,
        audio_sha256=inputs.audio_hash,
        consent=told["policy"]["consent"],
        visible_mark=told["provenance"]["visible_mark"],
    )


def settings_hash(told: Mapping[str, Any]) -> str:
    """SHA-256 of all settings that bear on an output, with names of files for their paths."""
    rest = {key: _names_only(value) for key, value in told.items() if key not in _NO_MATTER}
    rest["visible_mark"] = told["provenance"]["visible_mark"]
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Signs the output of one job, where it is to be signed."""

    title: str  # name of the output
    config: Config  # with paths of this machine
    given: Config  # with those of the job
    inputs: Inputs  # of this machine
    identity: Identity | None

    @contextmanager
    def raw(self, path: Path) -> Iterator[Path]:
        """Where the output is to be written before it is signed: at its own path, if nobody signs."""
        if self.identity is None:
            yield path
            return
        with spare_path(path) as spare:
            yield spare

    def seal(self, raw: Path, path: Path, facts: DubFacts) -> Sealed | None:
        """Sign what was written. Raises SigningFailed, DependencyMissing."""
        if self.identity is None:
            return None
        manifest = definition(facts, self.title, format_of(self.title))
        return seal(raw, path, manifest, self._ingredients(facts), self.identity)

    def told(self, facts: DubFacts, sealed: Sealed | None, sha256: str, beside: str) -> dict[str, Any]:
        """What the sidecar says; ``beside`` is the name that a manifest beside the output has."""
        identity = self.identity
        return {
            "mode": "off" if identity is None else "c2pa",
            "manifest": sealed.label if sealed else None,
            "manifest_file": beside if sealed and sealed.beside is not None else None,
            "signer": identity.name if identity else None,
            "development": identity.development if identity else None,
            "sha256": sha256,
            **{key: value for key, value in facts.to_plain().items() if key in _IN_SIDECAR},
        }

    def _ingredients(self, facts: DubFacts) -> list[Ingredient]:
        audio = self.given.audio.file
        return [
            Ingredient(
                label=SOURCE,
                title=name_of(self.given.video),
                relationship="parentOf",
                sha256=facts.source_sha256,
                path=Path(self.config.video),
            ),
            Ingredient(
                label=SPEECH,
                title="speech.wav" if audio is None else name_of(audio),
                relationship="componentOf",
                sha256=facts.audio_sha256,
                path=Path(self.inputs.sound.path),
            ),
        ]


_IN_SIDECAR = ("edited", "speakers", "consent", "visible_mark", "settings_sha256")


def _names_only(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _names_only(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_names_only(inner) for inner in value]
    return PurePosixPath(value).name if isinstance(value, str) and "/" in value else value
