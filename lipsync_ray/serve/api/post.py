"""POST /v1/jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from lipsync_ray.serve.api.models import JobShown, Wish
from lipsync_ray.serve.api.service import Here, Owner, Service
from lipsync_ray.serve.api.shown import show_now
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.desk import read_options
from lipsync_ray.serve.incoming import Form, check_length, folder_for, receive_form, receive_text
from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve.keys import Claim
from lipsync_ray.serve.plain import check_plain, read_json
from lipsync_ray.serve.problems import Problem, without
from lipsync_ray.serve.undisturbed import undisturbed

router = APIRouter()

_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Wish"}},
        "multipart/form-data": {"schema": {"$ref": "#/components/schemas/WishForm"}},
    },
}
_REPLAYED = {"Idempotent-Replayed": "true"}


@router.post(
    "/v1/jobs",
    status_code=202,
    summary="Ask for a job",
    response_model=JobShown,
    response_description="the job waits; Location says where it is",
    responses=problems(401, 408, 409, 413, 415, 422, 507),
    openapi_extra={"requestBody": _BODY},
    tags=["jobs"],
)
async def post_job(
    request: Request,
    owner: Owner,
    service: Here,
    idempotency_key: Annotated[
        str | None, Header(description="the same key never makes two jobs", examples=["b7c9e1d2"])
    ] = None,
) -> JSONResponse:
    """Ask for a dub, for what a dub would do (triage), or for a preview of one.

    Files are sent as multipart/form-data, or named by URI in JSON, or taken from an earlier job (`files_of`).
    """
    with service.uploads.of(owner):
        job, replayed = await _claimed(request, owner, service, idempotency_key)
    shown = await run_in_threadpool(show_now, job, service.places, service.store)
    headers = {"Location": f"/v1/jobs/{job.id}", **(_REPLAYED if replayed else {})}
    return JSONResponse(shown, status_code=202, headers=headers)


async def _claimed(request: Request, owner: str, service: Service, key: str | None) -> tuple[ServedJob, bool]:
    """As ``_taken``, while no other request with this key is."""
    keys = service.keys
    if key is None:
        return await _taken(request, owner, service, None)
    claim = await undisturbed(lambda: keys.claim(owner, key), keys.drop)
    try:
        return await _taken(request, owner, service, claim)
    except BaseException:  # a client that is gone as well
        await undisturbed(lambda: keys.drop(claim))
        raise


async def _taken(
    request: Request, owner: str, service: Service, claim: Claim | None
) -> tuple[ServedJob, bool]:
    """The job, and whether an earlier request has made it."""
    folder_of_all = service.places.incoming()
    most = int(service.settings.max_mb * 1e6)
    check_length(request, most, folder_of_all)
    if claim is None or claim.job is None:
        length = request.headers.get("content-length", "")
        await run_in_threadpool(service.desk.check_room, owner, int(length) if length.isdigit() else 0)
    with folder_for(folder_of_all) as folder:
        wish, form = await _read(request, folder, service, most)
        content = _hash(wish, form)
        if claim is not None and claim.job is not None:
            if claim.content != content:
                raise Problem(
                    *(422, "KEY_REUSED", "this Idempotency-Key was sent before, with another request")
                )
            return claim.job, True
        # Its folder is removed after the end of this, and its key let go of: not while a thread is at work.
        made = await undisturbed(lambda: _made(service, wish, form, folder, owner, claim, content))
        return made, False


def _made(
    service: Service, wish: Wish, form: Form, folder: Path, owner: str, claim: Claim | None, content: str
) -> ServedJob:
    with _hiding(folder, service):
        job = service.desk.settle(wish, owner)
        files = service.desk.gather(wish, form, folder, owner)
        seconds = service.desk.measure(folder, files)
        job = replace(job, video=files["video"], audio=files.get("audio"), seconds=seconds)

        def remember() -> None:
            if claim is not None:
                service.keys.finish(claim, content, job.id)

        service.desk.add(job, folder, remember)
    return job


@contextmanager
def _hiding(folder: Path, service: Service) -> Iterator[None]:
    """Keep folders of this machine out of problems."""
    try:
        yield
    except Problem as problem:
        problem.detail = without(problem.detail, str(folder), str(service.places.root))
        raise


async def _read(request: Request, folder: Path, service: Service, most: int) -> tuple[Wish, Form]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await receive_form(request, folder, most=most, pace=service.pace)
        for name, text in form.fields.items():
            check_plain(text, name)
        fields: dict[str, Any] = {name: text for name, text in form.fields.items() if text}
        if "options" in fields:
            fields["options"] = read_options(fields["options"])
        if named := {"video", "audio"} & set(fields):
            raise Problem(
                422, "FORM", f"{sorted(named)[0]} must be a file; URIs are sent as application/json"
            )
        return _wish(fields), form
    if kind == "application/json":
        body = await receive_text(request, service.pace)
        return _wish(read_json(body, "the body")), Form()
    raise Problem(415, "MEDIA_TYPE", "send multipart/form-data with files, or application/json")


def _wish(fields: Any) -> Wish:
    try:
        return Wish.model_validate(fields)
    except ValidationError as error:
        raise Problem(422, "INVALID", said_of(error.errors(include_input=False))) from error


def said_of(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first thing that is wrong, in one line."""
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    return f"{where}: {first['msg']}"


def _hash(wish: Wish, form: Form) -> str:
    """What two requests have to agree in to be the same one."""
    files = {name: _print(file) for name, file in sorted(form.files.items())}
    content = [wish.model_dump(mode="json"), files]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _print(file: InputFile) -> list[str]:
    return [file.name, file.sha256]
