"""What the routes work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPBearer

from lipsync_ray.serve.api.examples import ID
from lipsync_ray.serve.desk import Desk
from lipsync_ray.serve.incoming import Pace
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.keys import Keys
from lipsync_ray.serve.metrics import Metrics
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.sessions import Sessions
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tokens import Tokens
from lipsync_ray.serve.uploads import Uploads
from lipsync_ray.serve.visitor import Visitor
from lipsync_ray.serve_settings import ServeSettings


@dataclass(slots=True, kw_only=True)
class Service:
    """The parts that routes use, of one application."""

    settings: ServeSettings
    store: JobStore
    places: Places
    tokens: Tokens
    sessions: Sessions
    metrics: Metrics
    desk: Desk
    keys: Keys
    uploads: Uploads
    pace: Pace
    poll_s: float  # between two looks at a job that is followed
    clock: Callable[[], float] = time.time
    streams: int = field(default=0)  # that are open now


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    return request.app.state.service


def owner_of(
    request: Request, bearer: Annotated[object, Security(HTTPBearer(auto_error=False))] = None
) -> str:
    """Whose request it is. Raises Problem 401."""
    visitor: Visitor = request.state.visitor
    if visitor.owner is None:
        said = (
            "this token is not known"
            if visitor.by == "wrong"
            else "send a token: Authorization: Bearer TOKEN"
        )
        raise Problem(401, "UNAUTHORIZED", said, headers={"WWW-Authenticate": 'Bearer realm="lipsync_ray"'})
    return visitor.owner


Id = Annotated[str, Path(description="of a job", examples=[ID])]
Owner = Annotated[str, Depends(owner_of)]
Here = Annotated[Service, Depends(service_of)]


def own_job(id: str, owner: str, service: Service) -> ServedJob:
    """A job of this owner. Raises Problem 404: there is none; whether others have one is not told."""
    job = service.store.get(id, owner) if id.isascii() and id.isalnum() else None
    if job is None:
        raise Problem(404, "NOT_FOUND", "there is no such job of yours")
    return job
