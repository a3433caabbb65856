"""What an output says of itself: the facts of its job, put into it or beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import lipsync_ray
from lipsync_ray.compositing import RenderJob, drawn_frames
from lipsync_ray.config import Config, to_plain
from lipsync_ray.fingerprint import code_version
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.given import DRIVE, SOURCE, SPEECH
from lipsync_ray.jobs.places import JobSpec, names_only
from lipsync_ray.jobs.prepare import Prepared
from lipsync_ray.jobs.rendering import Drawer
from lipsync_ray.plan import Chunk, passed_through
from lipsync_ray.provenance.facts import MOST_FILES, DubFacts
from lipsync_ray.provenance.identity import Identity, load_identity
from lipsync_ray.provenance.intervals import Interval, intervals_of
from lipsync_ray.provenance.manifest import FOLLOWED, HEARD, PARENT, definition
from lipsync_ray.provenance.outside import outside_hash
from lipsync_ray.provenance.signing import MANIFEST_ENDING, Ingredient, Sealed, embeds, format_of, seal
from lipsync_ray.sidecar import beside
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


def reasons_by_role(job: RenderJob) -> dict[str, np.ndarray]:
    """Why each person of a job is left alone, if so, ``uint8[T]`` of faces.select.Reason by output frame."""
    return {role.name: role.target.reason[job.timeline.source] for role in job.roles}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What has become of the output frames of a job, of which there are T."""

    edited: np.ndarray  # bool[T] something was drawn in it
    digest: str  # of all pictures
    drawn: Mapping[str, np.ndarray]  # bool[T] in which each person was to be drawn, by name
    reasons: Mapping[str, np.ndarray]  # uint8[T] faces.select.Reason of each person
    chunks: Sequence[Chunk]
    drawers: Mapping[int, Drawer]  # by chunk, where that is not the job's engine

    def left(self) -> dict[str, int]:
        """Frames in which nothing was drawn, by reason; of several people, that of who is seen better."""
        left = ~self.edited
        meant = np.any([*self.drawn.values(), np.zeros_like(left)], axis=0)
        reasons = np.max([*self.reasons.values(), np.zeros(len(left), np.uint8)], axis=0)
        counts = passed_through(reasons[left & ~meant])
        counts["faded"] = int(left.sum() - (left & meant).sum()) - sum(counts.values())
        counts["untouched_chunk"] = int((left & meant).sum())
        return {reason: count for reason, count in counts.items() if count}

    def by_engine(self, engine: str) -> dict[str, np.ndarray]:
        """The edited frames ``bool[T]`` of each engine that has drawn; ``engine`` is the job's."""
        found = {engine: self.edited.copy()}
        for chunk in self.chunks:
            drawer = self.drawers.get(chunk.index)
            if drawer is not None and drawer.engine != engine:
                own = found.setdefault(drawer.engine, np.zeros_like(self.edited))
                own[chunk.start : chunk.stop] = self.edited[chunk.start : chunk.stop]
                found[engine][chunk.start : chunk.stop] = False
        return {name: frames for name, frames in found.items() if frames.any()}


def facts_of(prepared: Prepared, inputs: Inputs, spec: JobSpec, made: Made) -> DubFacts:
    """What is told of a finished job."""
    timeline, engine = inputs.timeline, prepared.plan.engine
    engines = made.by_engine(engine)

    def stretches(frames: np.ndarray) -> tuple[Interval, ...]:
        return intervals_of(frames, timeline.times(), float(timeline.end * timeline.time_base))

    return DubFacts(
        version=lipsync_ray.__version__,
        code=code_version(),
        engine=engine,
        weights=_weights(prepared, [one for one in made.drawers.values() if one.engine in engines]),
        settings_sha256=settings_hash(spec.config),
        frames=len(timeline),
        edited_frames=int(made.edited.sum()),
        edited=stretches(made.edited),
        speakers=(
            {name: stretches(made.edited & own) for name, own in made.drawn.items()}
            if len(made.drawn) > 1
            else {}
        ),
        engines={name: stretches(own) for name, own in engines.items()} if set(engines) - {engine} else {},
        passed_through=made.left(),
        digest=made.digest,
        files=inputs.given[:MOST_FILES],
        more_files=len(inputs.given[MOST_FILES:]),
        audio_sha256=inputs.audio_hash,
        consent=spec.config.policy.consent,
        visible_mark=spec.config.provenance.visible_mark,
    )


def settings_hash(config: Config) -> str:
    """SHA-256 of all settings that bear on an output, with names of files for their places."""
    plain = to_plain(names_only(config))
    rest = {key: value for key, value in plain.items() if key not in _NO_MATTER}
    rest["retry"] = {key: value for key, value in plain["quality"].items() if key.startswith("retry")}
    rest["visible_mark"] = plain["provenance"]["visible_mark"]
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _weights(prepared: Prepared, drawers: Sequence[Drawer]) -> dict[str, str]:
    """SHA-256 of the weight files of all engines that have drawn, by name without folders."""
    found: dict[str, str] = {}
    for engine, weights in (
        (prepared.plan.engine, prepared.weights),
        *((one.engine, one.weights) for one in drawers),
    ):
        for name, sha256 in weights.items():
            name = name_of(name)
            if found.setdefault(name, sha256) != sha256:  # two engines have files of one name
                found[f"{engine}: {name}"] = sha256
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Signs the output of one job, where it is to be signed."""

    title: str  # name of the output, for its owner
    paths: Sequence[str]  # where this machine has the files that the facts name, in their order
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
        if embeds(path.name):
            facts = replace(facts, outside=outside_hash(raw))
        ingredients = self._ingredients(facts)
        manifest = definition(facts, self.title, format_of(path.name), ingredients)
        return seal(raw, path, manifest, ingredients, self.identity)

    def told(self, facts: DubFacts, sealed: Sealed | None, sha256: str) -> dict[str, Any]:
        """What the sidecar says; it has room for all stretches."""
        identity = self.identity
        aside = beside(self.title, MANIFEST_ENDING) if sealed and sealed.beside is not None else None
        return {
            "mode": "off" if identity is None else "c2pa",
            "manifest": sealed.label if sealed else None,
            "manifest_file": aside,
            "signer": identity.name if identity else None,
            "development": identity.development if identity else None,
            "sha256": sha256,
            "edited": [one.to_plain() for one in facts.edited],
            "speakers": _by_name(facts.speakers),
            "engines": _by_name(facts.engines),
            **{key: value for key, value in facts.to_plain().items() if key in _IN_SIDECAR},
        }

    def _ingredients(self, facts: DubFacts) -> list[Ingredient]:
        return [
            Ingredient(
                label=f"{file.use}-{number}",
                title=file.name,
                relationship=_RELATIONSHIP[file.use],
                sha256=file.sha256,
                path=Path(path),
            )
            for number, (file, path) in enumerate(zip(facts.files, self.paths, strict=False))
        ]


_RELATIONSHIP = {SOURCE: PARENT, SPEECH: HEARD, DRIVE: FOLLOWED}
_IN_SIDECAR = ("weights", "files", "passed_through", "consent", "visible_mark", "settings_sha256")


def _by_name(named: Mapping[str, Sequence[Interval]]) -> dict[str, list[dict[str, float]]]:
    return {name: [one.to_plain() for one in own] for name, own in named.items()}
