"""What is told of a job that is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.jobs.course import Account
from lipsync_ray.jobs.gallery import Portrait
from lipsync_ray.preview.result import Preview
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.sidecar import Result
from lipsync_ray.triage.facts import Triage

_OF_SOUND = "the sound is"  # how warnings about it begin


def dub_result(result: Result, account: Account, size: int, config: Config) -> dict[str, Any]:
    """Of a dub whose file has ``size`` bytes."""
    return {
        "sync_mode": config.sync.mode,  # which moment of the source each moment shows
        "frames": result.frames,
        "seconds": result.seconds,
        "digest": result.digest,
        "passed_through": result.passed_through,
        "untouched_chunks": result.untouched_chunks,
        "quality": result.quality,
        "stages": {name: asdict(stage) for name, stage in result.stages.items()},
        "chunks": account.chunks,
        "chunks_reused": account.chunks_reused,
        "bytes": size,
    }


def triage_result(job: ServedJob, triage: Triage, people: Sequence[Portrait]) -> dict[str, Any]:
    """Of a triage, without the chunks of its plan, as they are many."""
    plain = triage.to_plain()
    plain["plan"] = {name: value for name, value in plain["plan"].items() if name != "chunks"}
    plain["video"]["file"] = job.video.name
    if job.audio is None:
        plain["sound"] = None
        plain["warnings"] = [text for text in triage.warnings if not text.startswith(_OF_SOUND)]
    else:
        plain["sound"]["file"] = job.audio.name
    plain["people"] = [_person(job, one) for one in people]
    plain["chosen"] = _chosen(triage, people)
    return plain


def preview_result(preview: Preview, size: int) -> dict[str, Any]:
    """Of a preview whose file has ``size`` bytes."""
    return {
        "kind": preview.kind,
        "engine": preview.engine,
        "frames": [asdict(one) for one in preview.shown],
        "end": preview.end,
        "dubbed": preview.dubbed,
        "bytes": size,
    }


def _person(job: ServedJob, one: Portrait) -> dict[str, Any]:
    return {
        "face": one.face,
        "faces": list(one.faces),
        "share": one.share,
        "talks": one.talks,
        "shots": one.shots,
        "time": one.time,
        "box": list(one.box),
        "picture": f"/v1/jobs/{job.id}/faces/{one.faces[0]}",
    }


def _chosen(triage: Triage, people: Iterable[Portrait]) -> list[str]:
    """Who would be dubbed, as nobody says otherwise."""
    speakers = {face for shot in triage.shots for face in shot.speakers}
    return [one.face for one in people if speakers & set(one.faces)]
