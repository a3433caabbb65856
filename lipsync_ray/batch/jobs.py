"""Entries of a backlog as jobs: their settings, and what of them is still to be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lipsync_ray.batch.entry import Entry
from lipsync_ray.batch.ledger import Ledger
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.settled import fates
from lipsync_ray.config import Config, to_plain
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.fingerprint import fingerprint
from lipsync_ray.jobs.lse import check_measures
from lipsync_ray.jobs.places import JobSpec, absolute
from lipsync_ray.jobs.prepare import resources_of
from lipsync_ray.jobs.sealing import check_permission
from lipsync_ray.overrides import load_config

# Where and how work is done, not what comes out of it.
_NO_MATTER = ("ray", "cache", "log", "debug", "batch", "cost", "chunk", "weights", "preview", "quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """A job that is to be done."""

    entry: Entry
    config: Config
    settings_hash: str

    def spec(self) -> JobSpec:
        """The job as it travels."""
        return JobSpec(name=self.entry.id, config=absolute(self.config), told=to_plain(self.config))


class Settings:
    """The settings of entries; those with the same options of their own are read once."""

    def __init__(self, base: Sequence[str]) -> None:
        self._base = tuple(base)
        self._known: dict[tuple[tuple[str, ...], bool], Config] = {}

    def of(self, entry: Entry) -> Config:
        """The settings of a job. Raises ConfigError."""
        key = (entry.words, bool(entry.audio))
        if key not in self._known:
            self._known[key] = load_config([*self._base, *entry.job_words()])
        known = self._known[key]
        audio = replace(known.audio, file=entry.audio or None)
        return replace(known, video=entry.video, audio=audio, out=entry.out)


def to_do(entries: Iterable[Entry], settings: Settings, ledger: Ledger) -> list[Todo]:
    """Write entries into the ledger; the jobs that are neither done nor quarantined.

    A job whose files or settings have changed since, or whose output is gone, is a new one.
    """
    jobs = [_todo(entry, settings.of(entry)) for entry in entries]
    rows = [ledger.get(job.entry.id) for job in jobs]
    todo: list[Todo] = []
    waiting: list[Row] = []
    known = ((row, job.config, job.settings_hash) for job, row in zip(jobs, rows, strict=True))
    for job, row, fate in zip(jobs, rows, fates(known), strict=True):
        if fate == "settled":
            continue
        base = row if row is not None and fate == "open" else _fresh(job.entry)
        waiting.append(replace(base, state="waiting", settings_hash=job.settings_hash))
        todo.append(job)
    ledger.put_all(waiting)
    return todo


class Engines:
    """The engines of a backlog, each loaded once on the driver: what cannot be loaded is told early."""

    def __init__(self) -> None:
        self._networks: dict[str, bool] = {}
        self._permitted: set[str] = set()

    def load(self, config: Config) -> None:
        """Load the engine of a job. Raises what stops that, or the measuring that it asks for."""
        check_measures(config)
        key = _engine_key(config)
        if key not in self._networks:
            engine = load_engine(config.engine.name, config.engine, resources_of(config))
            self._networks[key] = bool(engine.weights) and config.compute.device != "cpu"

    def permit(self, config: Config) -> None:
        """See whether a job may draw, and who signs it. Raises as ``check_permission``."""
        key = fingerprint(config.policy, config.provenance)
        if key not in self._permitted:
            check_permission(config)
            self._permitted.add(key)

    def networks(self, config: Config) -> bool:
        """Whether the engine of a job, which has been loaded, runs networks that want a GPU."""
        return self._networks.get(_engine_key(config), False)


def _engine_key(config: Config) -> str:
    """What two jobs have to share to use one loaded engine."""
    parts = (config.engine, config.enhance, config.blend, config.compute)
    return fingerprint(*parts, to_plain(config)["weights"], config.license)


def _todo(entry: Entry, config: Config) -> Todo:
    plain = {key: value for key, value in to_plain(config).items() if key not in _NO_MATTER}
    return Todo(entry=entry, config=config, settings_hash=fingerprint(plain)[:16])


def _fresh(entry: Entry) -> Row:
    return Row(id=entry.id, video=entry.video, audio=entry.audio, out=entry.out or "")
