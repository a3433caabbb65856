"""A job as the service shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.problems import without
from lipsync_ray.serve.store import JobStore
from lipsync_ray.storage.uri import is_remote

FILES = ("result", "report", "sidecar", "manifest", "preview", "strip", "video", "audio")


def show(job: ServedJob, places: Places, position: int | None) -> dict[str, Any]:
    """The job as JSON has it; ``position`` is how many jobs wait before it."""
    options = dict(job.options)
    engine, preset = options.pop("engine", ""), options.pop("preset", "")
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "engine": engine,
        "preset": preset,
        "options": options,
        "container": job.container,
        "video": _file(job.video),
        "audio": None if job.audio is None else _file(job.audio),
        "created": moment(job.created),
        "started": moment(job.started),
        "finished": moment(job.finished),
        "position": position,
        "starts": job.starts,
        "progress": job.progress or None,
        "result": job.result,
        "error": _error(job, places),
        "callback": _callback(job),
        "links": dict(_links(job, places)),
    }


def show_now(job: ServedJob, places: Places, store: JobStore) -> dict[str, Any]:
    """The job with its place in the queue. Raises StoreError."""
    return show(job, places, store.position(job))


def file_of(job: ServedJob, what: str, places: Places) -> Path | None:
    """The file behind a link of a job, whether or not it is there; None: a job of this kind has none."""
    if what in ("video", "audio"):
        file = job.video if what == "video" else job.audio
        # Only what lies in the job's own folder is handed out: not what a URI names.
        return places.job(job.id) / file.place if file is not None and file.own else None
    if job.kind == "dub" and what in ("result", "report", "sidecar", "manifest"):
        return {
            "result": places.result,
            "report": places.report,
            "sidecar": places.sidecar,
            "manifest": places.manifest,
        }[what](job)
    if job.kind == "triage" and what == "strip":
        return places.strip(job)
    return places.preview(job) if job.kind == "preview" and what == "preview" else None


def moment(seconds: float | None) -> str | None:
    """Seconds since the epoch as RFC 3339 writes them."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _file(file: InputFile) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": file.name, "bytes": file.bytes}
    if not file.own:
        shown["uri"] = file.place if is_remote(file.place) else Path(file.place).as_uri()
    return shown


def _error(job: ServedJob, places: Places) -> dict[str, str] | None:
    if not job.error_code:
        return None
    message = without(job.error_message, str(places.job(job.id)), str(places.root))
    return {"code": job.error_code, "message": message}


def _callback(job: ServedJob) -> dict[str, Any] | None:
    return {"url": job.callback, "state": job.calling, "tries": job.calls} if job.callback else None


def _links(job: ServedJob, places: Places) -> Iterator[tuple[str, str]]:
    own = f"/v1/jobs/{job.id}"
    yield "self", own
    yield "events", f"{own}/events"
    if not job.ended:
        yield "cancel", f"{own}/cancel"
    for what in FILES:
        path = file_of(job, what, places)
        made = what in ("video", "audio") or job.state == "done"
        if made and path is not None and path.is_file():
            yield what, f"{own}/{what}"
