"""Jobs that are there: told, listed, cancelled, deleted."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from lipsync_ray.serve.api.examples import ID
from lipsync_ray.serve.api.models import JobShown, JobsShown
from lipsync_ray.serve.api.service import Here, Id, Owner, own_job
from lipsync_ray.serve.api.shown import show_now
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.job import Kind, State
from lipsync_ray.serve.plain import check_plain
from lipsync_ray.serve.problems import Problem

router = APIRouter(tags=["jobs"])


class Wanted(BaseModel):
    """Which jobs are listed. A filter that is misspelt must not list them all."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = Field(default=None, examples=["running"])
    kind: Kind | None = Field(default=None, examples=["dub"])
    limit: int = Field(default=50, ge=1, le=200, examples=[10])
    cursor: str | None = Field(
        default=None, max_length=64, description="`next` of the page before", examples=[ID]
    )


@router.get("/v1/jobs", summary="List jobs", response_model=JobsShown, responses=problems(401, 422))
def list_jobs(owner: Owner, service: Here, wanted: Annotated[Wanted, Query()]) -> JSONResponse:
    """The jobs of the token's owner, the newest first."""
    if wanted.cursor is not None:
        check_plain(wanted.cursor, "cursor")
        if service.store.get(wanted.cursor, owner) is None:
            raise Problem(422, "CURSOR", "this cursor leads nowhere: its job was deleted; begin anew")
    states = (wanted.state,) if wanted.state else ()
    more = wanted.limit + 1
    jobs = service.store.find(owner=owner, states=states, kind=wanted.kind, before=wanted.cursor, limit=more)
    page = jobs[: wanted.limit]
    shown = [show_now(job, service.places, service.store) for job in page]
    return JSONResponse({"jobs": shown, "next": page[-1].id if len(jobs) == more else None})


@router.get("/v1/jobs/{id}", summary="A job", response_model=JobShown, responses=problems(401, 404))
def get_job(id: Id, owner: Owner, service: Here) -> JSONResponse:
    """A job as it is now."""
    return JSONResponse(show_now(own_job(id, owner, service), service.places, service.store))


@router.post(
    "/v1/jobs/{id}/cancel",
    status_code=202,
    summary="Cancel a job",
    response_model=JobShown,
    responses=problems(401, 404, 409),
)
def cancel_job(id: Id, owner: Owner, service: Here) -> JSONResponse:
    """Ask for the end of a job. One that waits ends at once, one that runs when its worker hears of it."""
    job = own_job(id, owner, service)
    changes: dict[str, Any] = {"state": "cancelled", "cancel": True, "finished": service.clock()}
    changed = service.store.change(id, given=("queued",), **changes)
    if changed is not None and not changed.starts:
        service.store.unuse(changed)  # nothing of it was done
    changed = changed or service.store.change(id, given=("running",), cancel=True)
    if changed is None and not (job.ended and job.state == "cancelled"):
        raise Problem(409, "ENDED", "the job has ended already")
    shown = show_now(changed or job, service.places, service.store)
    return JSONResponse(shown, status_code=202)


@router.delete(
    "/v1/jobs/{id}",
    status_code=204,
    summary="Delete a job",
    response_class=Response,
    responses=problems(401, 404, 409),
)
def delete_job(id: Id, owner: Owner, service: Here) -> Response:
    """Remove an ended job with all its files."""
    job = own_job(id, owner, service)
    if not service.store.remove(id):
        raise Problem(409, "GOES_ON", "the job goes on: cancel it first")
    service.keys.forget_job(id)
    if not service.store.shares_video(job):  # else the service removes them within a day
        shutil.rmtree(service.places.job(id), ignore_errors=True)
    return Response(status_code=204)
