"""What a try of a job leaves in its row of the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lipsync_ray.batch.row import Row
from lipsync_ray.jobs.backlog import Job
from lipsync_ray.sidecar import Result, StageTime


def worked(row: Row, job: Job, gpus: float) -> Row:
    """A row with what a job has taken; ``gpus`` are those of each worker that has any."""
    account = job.account
    stages = account.clock.stages
    none = StageTime(wall_s=0.0, cpu_s=0.0)
    seconds = {
        name: stages.get(stage, none).wall_s
        for name, stage in (
            ("scan_s", "scan"),
            ("prepare_s", "prepare"),
            ("render_s", "render"),
            ("review_s", "review"),
            ("finish_s", "stitch"),
        )
    }
    return replace(
        row,
        wall_s=round(sum(stage.wall_s for stage in stages.values()), 3),
        cpu_s=round(sum(stage.cpu_s for stage in stages.values()), 3),
        gpu_s=round(gpus * account.gpu_s, 3),
        scan="made" if account.scanned else "reused",
        chunks=account.chunks,
        chunks_reused=account.chunks_reused,
        retries=account.attempts - account.tasks,
        hosts=tuple(sorted(account.hosts)),
        source_hash=account.source_hash,
        audio_hash=account.audio_hash,
        **seconds,
    )


def finished(row: Row, result: Result) -> Row:
    """The row of a job that is done."""
    quality = result.quality or {}
    return replace(
        row,
        state="done",
        code="",
        message="",
        frames=result.frames,
        seconds=result.seconds,
        digest=result.digest,
        concern=quality.get("concern", 0.0),
        flags=tuple(dict.fromkeys(flag["kind"] for flag in quality.get("flags", ()))),
        finished=datetime.now(UTC),
    )
