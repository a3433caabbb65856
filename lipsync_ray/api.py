"""What ``import lipsync_ray`` offers: the work of the verbs ``run`` and ``batch`` as functions."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from lipsync_ray.batch.entry import Entry
from lipsync_ray.batch.manifest import make_entries, read_manifest
from lipsync_ray.batch.records import Record, Records
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.summary import Summary
from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.callback import CallbackProgress, ProgressUpdate
from lipsync_ray.config import (
    BatchSettings,
    CacheSettings,
    ChunkConfig,
    CostSettings,
    EngineSettings,
    LicenseSettings,
    MediaSettings,
    SpeechSettings,
    WeightsSettings,
)
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.limits import LimitsSettings
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.timeline import SyncSettings
from lipsync_ray.media.tracks import KeepSettings
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.overrides import load_config
from lipsync_ray.progress import NullProgress
from lipsync_ray.provenance.settings import PolicySettings, ProvenanceSettings
from lipsync_ray.quality.settings import QualitySettings
from lipsync_ray.sidecar import Result
from lipsync_ray.speakers.settings import SpeakersSettings
from lipsync_ray.wording import group_words, option_words, text_of

Place = str | os.PathLike[str]  # a path, or an address in a store as text
Preset = Literal["fast", "balanced", "best"]
OnProgress = Callable[[ProgressUpdate], None]

# Ray, signal handlers and the threads of numpy's libraries are one for a process: calls wait for each other.
_TURN = threading.RLock()


class Groups(TypedDict, total=False):
    """Whole groups of options as the settings that they are read into."""

    sync: SyncSettings
    face: FaceSettings
    engine: EngineSettings
    speech: SpeechSettings
    enhance: EnhanceSettings
    blend: BlendSettings
    keep: KeepSettings
    encode: EncodeSettings
    chunk: ChunkConfig
    ray: RaySettings
    compute: ComputeSettings
    cache: CacheSettings
    weights: WeightsSettings
    license: LicenseSettings
    limits: LimitsSettings
    media: MediaSettings
    batch: BatchSettings
    cost: CostSettings
    quality: QualitySettings
    speakers: SpeakersSettings
    provenance: ProvenanceSettings
    policy: PolicySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One video of ``dub_many``."""

    video: Place
    audio: Place | None = None  # None: ``audio.segments`` or ``speakers`` say what is heard
    out: Place | None = None  # None: OUT_DIR/videos/ID.mp4
    id: str | None = None  # part of file names; None: the name of ``out`` or ``video`` without ending
    options: Mapping[str, object] = field(default_factory=dict)  # of this job alone, by their dotted names


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of the jobs of ``dub_many``."""

    rows: tuple[Row, ...]  # one for each job, in their order
    summary: Summary  # of the whole folder, with what earlier calls did there

    @property
    def done(self) -> tuple[Row, ...]:
        """Jobs that are done, by this call or an earlier one."""
        return tuple(row for row in self.rows if row.state == "done")

    @property
    def failed(self) -> tuple[Row, ...]:
        """All others; their ``code`` and ``message`` say why."""
        return tuple(row for row in self.rows if row.state != "done")


def dub(
    video: Place,
    audio: Place | None,
    out: Place,
    *,
    preset: Preset = "balanced",
    options: Mapping[str, object] | None = None,
    progress: OnProgress | None = None,
    **groups: Unpack[Groups],
) -> Result:
    """Dub one video, as the verb ``run`` does.

    Args:
        video: footage of a person talking, or a picture.
        audio: the speech to put into it; None where ``audio.segments`` or ``speakers`` say what.
        out: the file to write: .mp4, .mov or .mkv.
        preset: how much it may cost.
        options: single options by their names on the command line, such as ``{"encode.crf": 16}``. They win
            over groups, and groups over the preset.
        progress: called at every change, in the thread that works. Its exceptions are logged;
            KeyboardInterrupt stops the work.
        groups: whole groups as settings, such as ``encode=EncodeSettings(crf=16)``: what is left out there
            has its default, whatever the preset says.

    Returns:
        The file, what is in it, and how long each stage took.

    Raises:
        LipsyncError: its subclass and ``code`` say what is wrong; nothing half-written is left at ``out``.
        KeyboardInterrupt: a signal, or the callback, asked to stop; the next call goes on from there.
    """
    from lipsync_ray.dubbing import dub as work

    heard = {} if audio is None else {"audio.file": audio}
    with _TURN:
        words = [*_words(preset, options, groups), *option_words({"video": video, **heard, "out": out})]
        return work(load_config(words), progress=_shown(progress))


def dub_many(
    jobs: Place | Iterable[Job],
    out_dir: Place,
    *,
    preset: Preset = "balanced",
    options: Mapping[str, object] | None = None,
    progress: OnProgress | None = None,
    **groups: Unpack[Groups],
) -> BatchResult:
    """Dub many videos, as the verb ``batch`` does: skip what is done, set aside what cannot be dubbed.

    Args:
        jobs: a manifest (.jsonl, .csv or .parquet), or the jobs.
        out_dir: folder, or address in a store, for videos, ledger and summary.
        preset, options, groups: of all jobs, as for ``dub``; options of a job win over them.
        progress: as for ``dub``; told of the whole, and of each job under its id.

    Returns:
        What became of each job. A job that fails raises nothing: look at ``failed``.

    Raises:
        ConfigError: a job or an option is wrong; nothing was begun.
        LipsyncError: nothing at all can be done, such as when another process works in ``out_dir``.
        KeyboardInterrupt: as for ``dub``; the same call goes on from there.
    """
    from lipsync_ray.batch.ledger import read_ledger
    from lipsync_ray.batch.run import Batch, run_batch
    from lipsync_ray.batch.view import BatchView

    place = os.fspath(out_dir)
    with _TURN:
        base = _words(preset, options, groups)
        config = load_config(["video=none", *base])
        entries = _entries(jobs, base, place)
        work = Batch(entries=entries, base=base, config=config, out_dir=place)
        summary = run_batch(work, BatchView(_shown(progress)))
        rows = {row.id: row for row in read_ledger(place)}
    return BatchResult(rows=tuple(rows[entry.id] for entry in entries), summary=summary)


def _words(preset: str, options: Mapping[str, object] | None, groups: Mapping[str, object]) -> list[str]:
    return [f"preset={preset}", *group_words(groups), *option_words(options or {})]


def _shown(progress: OnProgress | None) -> CallbackProgress | NullProgress:
    return NullProgress() if progress is None else CallbackProgress(progress)


def _entries(jobs: Place | Iterable[Job], base: list[str], out_dir: str) -> list[Entry]:
    if isinstance(jobs, str | os.PathLike):
        return read_manifest(os.fspath(jobs), base=base, out_dir=out_dir)
    rows = [Record(line=line, names_line=line, values=_cells(job)) for line, job in enumerate(jobs, 1)]
    return make_entries("jobs", Records(unit="job", rows=rows), base=base, out_dir=out_dir)


def _cells(job: Job) -> dict[str, str | None]:
    """A job as a row of a manifest."""
    own = {"id": job.id, "video": job.video, "audio": job.audio, "out": job.out}
    given = {name: None if value is None else text_of(name, value) for name, value in own.items()}
    return {**given, **{key: text_of(key, value) for key, value in job.options.items()}}
