"""GET /v1/jobs/{id}/events: a job while it goes on, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from lipsync_ray.serve.api.service import Here, Id, Owner, Service, own_job
from lipsync_ray.serve.api.shown import show
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.problems import Problem

router = APIRouter(tags=["jobs"])

_BEAT_S = 15.0
_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {  # of each event
            "type": "object",
            "properties": {
                "event": {"const": "job"},
                "id": {"type": "string", "description": "version of the job, for Last-Event-ID"},
                "data": {"type": "string", "contentMediaType": "application/json"},
            },
        },
        "example": 'event: job\nid: 7\ndata: {"id": "q8v3TBYbGN0aZs1uQmXKpw", "state": "running"}\n\n',
    }
}


@router.get(
    "/v1/jobs/{id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={
        **problems(401, 404),
        200: {"description": "events `job`, each with all of the job", "content": _STREAM},
        204: {"description": "the job has ended, and what it came to is known (Last-Event-ID)"},
    },
)
async def follow_job(
    id: Id, owner: Owner, service: Here, last_event_id: Annotated[str | None, Header(examples=["7"])] = None
) -> Response:
    """The job now and after every change, until it ends."""
    job = await run_in_threadpool(own_job, id, owner, service)
    if job.ended and last_event_id == str(job.version):
        return Response(status_code=204)  # browsers connect again after the end, unless they are told this
    if service.streams >= service.settings.max_streams:
        raise Problem(
            *(503, "STREAMS", "too many jobs are followed now; ask for the job itself"),
            headers={"Retry-After": "5"},
        )
    return StreamingResponse(_counted(service, job, last_event_id), media_type="text/event-stream")


async def _counted(service: Service, job: ServedJob, seen: str | None) -> AsyncIterator[str]:
    service.streams += 1
    try:
        async for event in _events(service, job, seen):
            yield event
    finally:
        service.streams -= 1


async def _events(service: Service, job: ServedJob, seen: str | None) -> AsyncIterator[str]:
    """Events and, where nothing happens, beats; both keep connections open that nobody uses otherwise."""
    known: tuple[int, int | None] | None = None
    beat = time.monotonic()
    yield ": here\n\n"
    while True:
        position = await run_in_threadpool(service.store.position, job)
        now = (job.version, position)
        if now != known and not (known is None and seen == str(job.version) and position is None):
            shown = await run_in_threadpool(show, job, service.places, position)
            yield f"event: job\nid: {job.version}\ndata: {json.dumps(shown)}\n\n"
            beat = time.monotonic()
        elif time.monotonic() - beat >= _BEAT_S:
            yield ": beat\n\n"
            beat = time.monotonic()
        known = now
        if job.ended:
            return
        await asyncio.sleep(service.poll_s)
        later = await run_in_threadpool(service.store.get, job.id, job.owner)
        if later is None:
            return
        job = later
