"""The last step of a job: its segments to the output, which is checked before it is put in its place."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import lipsync_ray
from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.config import Config
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.errors import AudioUnreadable, VideoUnreadable
from lipsync_ray.fingerprint import code_version
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.given import paths_of
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.prepare import Prepared
from lipsync_ray.jobs.rendering import Drawer
from lipsync_ray.jobs.reporting import make_report
from lipsync_ray.jobs.sealing import Made, Sealer, facts_of
from lipsync_ray.media.delivery import promised_end
from lipsync_ray.media.mux import mux, verify
from lipsync_ray.provenance.identity import Identity
from lipsync_ray.provenance.signing import MANIFEST_ENDING, embeds
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.review import make_review
from lipsync_ray.sidecar import Result, StageTime, beside, report_place, sidecar_place, sidecar_text
from lipsync_ray.stitch import Assembly, assemble
from lipsync_ray.storage.uri import is_remote, name_of, plain_text
from lipsync_ray.storage.whole import content_hash

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishSource:
    """What is known of a job once all of it is rendered."""

    spec: JobSpec
    inputs: Inputs
    prepared: Prepared
    folder: str  # of the artifacts
    records: dict[int, ChunkRecord]  # by chunk
    seams: dict[int, ChunkRecord]  # by the chunk that follows
    facts: dict[str, Any] = field(default_factory=dict)  # for the sidecar
    untouched: list[int] = field(default_factory=list)
    drawn: dict[str, np.ndarray] = field(default_factory=dict)  # bool[T] output frames of each role, by name
    reasons: dict[str, np.ndarray] = field(default_factory=dict)  # uint8[T] why each is left alone, likewise
    drawers: dict[int, Drawer] = field(default_factory=dict)  # by chunk, where that is not the job's engine
    stages: dict[str, StageTime] = field(default_factory=dict)
    seen: tuple[Seen, ...] | Failure | None = None  # of each role; None: measuring is switched off


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Join the segments, add sound and the source's other tracks, sign, check, put in place."""

    source: Shared  # of a FinishSource
    # Who signs. Not in the source: what is shared may be written to a disk, what is asked for is not.
    identity: Identity | None = None

    def run(self, bench: Bench) -> Result:
        """The result; output and sidecar are in their places."""
        source: FinishSource = self.source.get()
        assembly = self._assemble(bench, source)
        place = source.spec.config.out
        if place is None:
            raise AssertionError("a job without an output was rendered")
        with ExitStack() as stack:
            config, inputs = inputs_here(source.spec, source.inputs, bench.site, stack)
            sealer = Sealer(
                title=name_of(source.spec.told["out"]),
                paths=paths_of(source.spec.config, config),
                identity=self.identity,
            )
            made = Made(
                edited=assembly.edited,
                digest=assembly.digest,
                drawn=source.drawn,
                reasons=source.reasons,
                chunks=source.prepared.plan.chunks,
                drawers=source.drawers,
            )
            facts = facts_of(source.prepared, inputs, source.spec, made)
            with bench.site.output(place) as path:
                _check_unchanged(inputs)
                with sealer.raw(path) as raw:
                    _write(raw, assembly, config, inputs)
                    sealed = sealer.seal(raw, path, facts)
                promised = promised_end(inputs.sound, place, config.encode, inputs.timeline)
                verify(path, inputs.timeline, audio_end=promised)
                report = _report(source, place, path, inputs)
                provenance = sealer.told(facts, sealed, content_hash(path))
        beside_it = beside(place, MANIFEST_ENDING)
        if sealed is not None and sealed.beside is not None:
            with bench.site.output(beside_it) as path:
                path.write_bytes(sealed.beside)
        elif not embeds(place):
            bench.site.clear(beside_it)  # an earlier output's: it tells of other bytes
        if isinstance(report, Report):  # beside an output that is in its place
            with bench.site.output(report_place(place)) as path:
                path.write_text(plain_text(report.html), encoding="utf-8")
        result = _result(source, assembly, report.review if isinstance(report, Report) else None)
        with bench.site.output(sidecar_place(place)) as path:
            told = {**_facts(source, report), "provenance": provenance}
            path.write_text(sidecar_text(result, told), encoding="utf-8")
        return result

    def _assemble(self, bench: Bench, source: FinishSource) -> Assembly:
        records = [*source.records.values(), *source.seams.values()]
        segments = [f"{record.name}.nut" for record in records if record.stop > record.start]
        folder = bench.site.need(source.folder, segments)
        frames = len(source.inputs.timeline)
        mark = source.spec.config.provenance.visible_mark
        return assemble(source.prepared.plan.chunks, source.records, source.seams, folder, frames, mark)


def _check_unchanged(inputs: Inputs) -> None:
    """See whether the files are still those that were looked at: what was drawn belongs to those.

    Raises:
        VideoUnreadable, AudioUnreadable: one has changed.
        MediaError: one cannot be read.
    """
    pairs = ((inputs.table.path, inputs.source_hash, VideoUnreadable),)
    pairs += ((inputs.sound.path, inputs.audio_hash, AudioUnreadable),)
    for path, known, kind in pairs:
        if content_hash(path) != known:
            raise kind(f"{path} has changed since the run began; run the same command again")


def _write(path: Path, assembly: Assembly, config: Config, inputs: Inputs) -> None:
    timeline, sound = inputs.timeline, inputs.sound
    mux(path, assembly.segments, inputs.table, timeline, sound, config.keep, config.encode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is said of a measured output, for machines and for people."""

    review: dict[str, Any]
    html: str


def _report(source: FinishSource, place: str, output: Path, inputs: Inputs) -> Report | Failure | None:
    """Judge a measured output; None where that is switched off, a failure where it was not possible."""
    if source.seen is None or isinstance(source.seen, Failure):
        return source.seen
    quality = source.spec.config.quality
    try:
        review = make_review(source.seen, source.prepared.plan.passed_through, quality)
        html = make_report(name_of(place), output, inputs, source.seen, review, quality, source.spec.told)
    except Exception as error:  # whatever it is, the dub is whole
        logger.warning("no report is written of %s: %s", name_of(place), error)
        return Failure.of(error)
    return Report(review=review.to_plain(), html=html)


def _result(source: FinishSource, assembly: Assembly, review: dict[str, Any] | None) -> Result:
    given = source.spec.told["out"]
    sidecar = sidecar_place(given)
    timeline = source.inputs.timeline
    return Result(
        out=given if is_remote(given) else Path(given),
        sidecar=sidecar if is_remote(given) else Path(sidecar),
        frames=len(timeline),
        seconds=round(float(timeline.duration), 3),
        digest=assembly.digest,
        passed_through=source.prepared.plan.passed_through,
        untouched_chunks=source.untouched,
        stages=source.stages,
        quality=review,
    )


def _facts(source: FinishSource, report: Report | Failure | None) -> dict[str, Any]:
    prepared = source.prepared
    records = [*(source.records[chunk.index] for chunk in prepared.plan.chunks), *source.seams.values()]
    return {
        "lipsync_ray": lipsync_ray.__version__,
        "code": code_version(),
        "settings": source.spec.told,
        "speakers": [asdict(row) for row in source.spec.config.speakers.rows],  # as the map was read
        "plan": asdict(prepared.plan),
        "weights": prepared.weights,
        "preparation": prepared.digest,
        "report": prepared.report,
        **({"copied": prepared.copying.to_plain()} if prepared.copying else {}),
        **({"not_measured": asdict(report)} if isinstance(report, Failure) else {}),
        **source.facts,
        # The digest over all of them stands in the result.
        "chunks": [{**asdict(replace(record, digests="")), "digests": None} for record in records],
    }
