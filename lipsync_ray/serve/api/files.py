"""Files of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath

from lipsync_ray.serve.api.ranged import Ranged, ranged
from lipsync_ray.serve.api.service import Here, Id, Owner, own_job
from lipsync_ray.serve.api.shown import file_of
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.problems import Problem

router = APIRouter(tags=["files"])

What = Annotated[
    Literal["result", "report", "sidecar", "preview", "strip", "video", "audio", "manifest"],
    InPath(description="which file", examples=["result"]),
]
Download = Annotated[Literal["0", "1"], Query(description="1: to be saved, not shown", examples=["1"])]

# Types are chosen here by what a file may be, never guessed from what a client sent.
_TYPES = {
    **{".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".mkv": "video/x-matroska"},
    **{".webm": "video/webm", ".avi": "video/x-msvideo", ".ts": "video/mp2t", ".mpg": "video/mpeg"},
    **{".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"},
    **{".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".flac": "audio/flac"},
    **{".ogg": "audio/ogg", ".opus": "audio/ogg", ".aac": "audio/aac", ".html": "text/html; charset=utf-8"},
    **{".json": "application/json", ".c2pa": "application/c2pa"},
}
_OTHER = "application/octet-stream"
# Our own report has its scripts and pictures in itself; a sandbox keeps them from acting as this service.
_REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src data: blob:; form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
_FILE_POLICY = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'"
)
_BYTES: dict[str, Any] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "the file", "content": _BYTES},
    206: {"description": "part of the file", "content": _BYTES},
    304: {"description": "what is known already (If-None-Match)"},
}
_ANSWERS = {**_CONTENT, **problems(401, 404, 416, 422)}
_SIDECAR = {
    "application/json": {"schema": {}, "example": {"lipsync_ray": "0.1.0", "result": {"frames": 125}}}
}
_OR_JSON = {**_ANSWERS, 200: {"description": "the file; the sidecar is JSON", "content": _BYTES | _SIDECAR}}
_HEADS: dict[int | str, dict[str, Any]] = {
    status: {"description": told["description"]} for status, told in _ANSWERS.items()
}


@router.head(
    "/v1/jobs/{id}/faces/{n}",
    summary="A picture of a person: headers only",
    response_class=Response,
    responses=_HEADS,
    operation_id="head_face",
)
@router.get(
    "/v1/jobs/{id}/faces/{n}",
    summary="A picture of a person",
    response_class=Response,
    responses=_ANSWERS,
    operation_id="get_face",
)
def get_face(
    request: Request,
    id: Id,
    n: Annotated[int, InPath(ge=0, le=1_000_000, examples=[3])],
    owner: Owner,
    service: Here,
    download: Download = "0",
) -> Ranged:
    """A person that triage has found, by the number of its first face."""
    job = own_job(id, owner, service)
    path = service.places.face(job, n) if job.kind == "triage" else None
    return _sent(job, path, f"face-{n}", download)


@router.head(
    "/v1/jobs/{id}/{what}",
    summary="A file of a job: headers only",
    response_class=Response,
    responses=_HEADS,
    operation_id="head_file",
)
@router.get(
    "/v1/jobs/{id}/{what}",
    summary="A file of a job",
    response_class=Response,
    responses=_OR_JSON,
    operation_id="get_file",
)
def get_file(
    request: Request, id: Id, what: What, owner: Owner, service: Here, download: Download = "0"
) -> Ranged:
    """The dub (result), its report, sidecar and manifest, a preview, the strip of shots, or an input.

    Range, If-Range and If-None-Match are heard.
    """
    job = own_job(id, owner, service)
    return _sent(job, file_of(job, what, service.places), what, download)


def _sent(job: ServedJob, path: Path | None, what: str, download: str) -> Ranged:
    # Only what is whole: a job that runs may be writing.
    there = path is not None and (what in ("video", "audio") or job.state == "done")
    if path is None or not there or path.is_symlink() or not path.is_file():
        raise Problem(
            404, "NO_FILE", f"this job has no {what}" if job.ended else f"this job has no {what} yet"
        )
    kind = _TYPES.get(path.suffix, _OTHER)
    try:
        sent = ranged(path, _name(job, path, what), kind, attachment=download == "1" or kind == _OTHER)
    except FileNotFoundError:
        raise Problem(404, "NO_FILE", f"this job has no {what} any more") from None
    sent.headers["content-security-policy"] = _REPORT_POLICY if what == "report" else _FILE_POLICY
    return sent


def _name(job: ServedJob, path: Path, what: str) -> str:
    """What a file is called where it is saved: after the video, as its owner calls it."""
    if what == "video":
        return job.video.name
    if what == "audio" and job.audio is not None:
        return job.audio.name
    stem = Path(job.video.name).stem or job.id
    end = {"result": ".dubbed", "report": ".report", "sidecar": ".dubbed", "manifest": ".dubbed"}
    return f"{stem}{end.get(what, f'.{what}')}{path.suffix}"
