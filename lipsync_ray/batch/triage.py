"""What a whole backlog would take, told before any of it is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipsync_ray.batch.entry import Entry
from lipsync_ray.batch.jobs import Engines, Settings
from lipsync_ray.config import Config, to_plain
from lipsync_ray.errors import LipsyncError
from lipsync_ray.jobs.backlog import Job
from lipsync_ray.jobs.course import Course
from lipsync_ray.jobs.judge import judge_course
from lipsync_ray.jobs.learning import estimated
from lipsync_ray.jobs.machines import Machines, open_machines
from lipsync_ray.jobs.metering import Metering
from lipsync_ray.jobs.places import JobSpec, absolute
from lipsync_ray.layout import columns, duration
from lipsync_ray.progress import NullProgress, Progress
from lipsync_ray.storage.whole import atomic_path
from lipsync_ray.threads import one_thread_each
from lipsync_ray.triage.facts import Triage

MOST = 200  # jobs that are shown to a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A job of a backlog: its facts, or why it cannot be dubbed."""

    id: str
    triage: Triage | None = None
    code: str = ""
    message: str = ""

    def to_plain(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        if self.triage is None:
            return {"id": self.id, "error": {"code": self.code, "message": self.message}}
        return {"id": self.id, **self.triage.to_plain()}


def judge_all(
    entries: Sequence[Entry], base: Sequence[str], config: Config, progress: Progress, strips: Path | None
) -> list[Judged]:
    """Examine and scan all jobs of a backlog; what is found is kept for the run.

    Args:
        entries: the jobs.
        base: options of all of them.
        config: of the whole.
        progress: told how many are judged.
        strips: folder for a picture ``ID.jpg`` of each one's shots; None: no pictures.

    Raises:
        ConfigError, WorkerSetupFailed, OutputUnwritable: nothing can be judged.
    """
    settings, engines = Settings(base), Engines()
    configs = {entry.id: settings.of(entry) for entry in entries}
    found = {id: _refusal(id, config, engines) for id, config in configs.items()}
    possible = {id: config for id, config in configs.items() if found[id] is None}
    networks = any(engines.networks(config) for config in possible.values())
    progress.stage("plan", len(possible))
    with ExitStack() as stack:
        stack.enter_context(one_thread_each())
        opening = open_machines(config, networks=networks, metering=Metering(), on_event=lambda event: None)
        machines = stack.enter_context(opening)
        for ended in machines.backlog.run(_jobs(possible, machines, strips is not None)):
            progress.advance()
            id = ended.job.name
            if ended.error is not None:
                found[id] = _refused(id, ended.error)
                continue
            found[id] = Judged(id=id, triage=estimated(ended.result, configs[id], machines))
            if strips is not None:
                with atomic_path(strips / f"{id}.jpg") as path:
                    path.write_bytes(ended.result.strip)
        if machines.dispatcher.draining:
            raise KeyboardInterrupt(machines.dispatcher.draining)
    return [judged for judged in found.values() if judged is not None]


def _jobs(configs: dict[str, Config], machines: Machines, strip: bool) -> Iterator[Job]:
    for id, config in configs.items():
        spec = JobSpec(name=id, config=absolute(config), told=to_plain(config))
        course = Course(spec, machines.yard, NullProgress())
        yield Job(name=id, course=course, steps=judge_course(course, strip=strip))


def _refusal(id: str, config: Config, engines: Engines) -> Judged | None:
    try:
        engines.load(config)
    except (LipsyncError, OSError) as error:
        return _refused(id, error)
    return None


def _refused(id: str, error: BaseException) -> Judged:
    code = error.code if isinstance(error, LipsyncError) else "INTERNAL"
    return Judged(id=id, code=code, message=" ".join(str(error).split()))


def totals(judged: Sequence[Judged]) -> dict[str, Any]:
    """Sums over a backlog; None where nothing is known of a job's engine."""
    triages = [one.triage for one in judged if one.triage is not None]
    estimates = [triage.estimate for triage in triages if triage.estimate is not None]
    gpu = [one.gpu_s for one in estimates if one.gpu_s is not None]
    cpu = [one.cpu_s for one in estimates if one.cpu_s is not None]
    costs = [one.cost_usd for one in estimates if one.cost_usd is not None]
    whole = len(cpu) == len(triages)
    return {
        "jobs": len(judged),
        "cannot": len(judged) - len(triages),
        "warned": sum(bool(triage.warnings) for triage in triages),
        "video_s": round(sum(triage.output["seconds"] for triage in triages), 1),
        "cpu_hours": round(sum(cpu) / 3600, 3) if whole else None,
        "gpu_hours": round(sum(gpu) / 3600, 3) if whole else None,
        "cost_usd": round(sum(costs), 2) if whole and len(costs) == len(triages) else None,
    }


def text(judged: Sequence[Judged]) -> str:
    """For a person: what cannot be dubbed first, then a row a job, warnings, sums."""
    hopeless = [one for one in judged if one.triage is None]
    parts = [f"{one.id} cannot be dubbed: {one.code}: {one.message}" for one in hopeless]
    rows = [_row(one.id, one.triage) for one in judged if one.triage is not None]
    if rows:
        parts.append(columns([_HEAD, *rows], most=MOST))
    parts += [
        f"{one.id}: {warning}" for one in judged if one.triage is not None for warning in one.triage.warnings
    ][:MOST]
    parts.append(_sums(totals(judged)))
    return "\n".join(parts)


_HEAD = ("ID", "VIDEO", "SOUND", "SIZE", "RATE", "SHOTS", "DUBBED", "TALK", "ESTIMATE", "WARNINGS")


def _row(id: str, triage: Triage) -> tuple[str, ...]:
    wall_s = triage.estimate.wall_s if triage.estimate is not None else None
    return (
        id,
        duration(triage.video["seconds"]),
        duration(triage.sound["seconds"]),
        triage.video["size"],
        triage.video["rate"].replace(" on average", ""),
        str(triage.faces["shots"]),
        f"{triage.faces['share_dubbed']:.0%}",
        f"{triage.sound['speech']:.0%}",
        "unknown" if wall_s is None else duration(wall_s),
        str(len(triage.warnings) or ""),
    )


def _sums(sums: dict[str, Any]) -> str:
    facts = [f"{sums['jobs']} jobs", f"{duration(sums['video_s'])} of video"]
    if sums["cannot"]:
        facts.insert(1, f"{sums['cannot']} of them cannot be dubbed")
    if sums["cpu_hours"] is not None:
        facts.append(f"about {sums['cpu_hours']:.2f} CPU hours")
    if sums["gpu_hours"]:
        facts.append(f"{sums['gpu_hours']:.2f} GPU hours")
    if sums["cost_usd"]:
        facts.append(f"{sums['cost_usd']:.2f} USD")
    return ", ".join(facts)
