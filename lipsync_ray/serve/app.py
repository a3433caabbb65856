"""The service as an ASGI application."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lipsync_ray import __version__
from lipsync_ray.errors import LipsyncError
from lipsync_ray.serve.addresses import check_prefixes
from lipsync_ray.serve.api import events, files, health, jobs, options, post, session
from lipsync_ray.serve.api.post import said_of
from lipsync_ray.serve.api.schema import described
from lipsync_ray.serve.api.service import Service
from lipsync_ray.serve.desk import Desk
from lipsync_ray.serve.front import Front
from lipsync_ray.serve.incoming import Pace, clear
from lipsync_ray.serve.keys import Keys
from lipsync_ray.serve.metrics import Metrics
from lipsync_ray.serve.outbound import check_callbacks
from lipsync_ray.serve.pages import page_dir, page_files
from lipsync_ray.serve.pairing import check_pair
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.problems import Problem, answer, problem_of
from lipsync_ray.serve.sessions import Sessions
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tokens import Tokens
from lipsync_ray.serve.uploads import Uploads
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.uri import plain_text

log = logging.getLogger(__name__)

_LATE_S = 60.0  # an upload may take so much longer than its limit until it is over


def create_app(
    settings: ServeSettings,
    base: Sequence[str],
    store: JobStore,
    places: Places,
    tokens: Tokens,
    *,
    pace: Pace | None = None,
    poll_s: float = 0.5,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """Build the application. Its folder is made; nothing is listened on, and no Ray is needed.

    Args:
        settings: names, limits, what may be asked for.
        base: words of the operator, under those of every job.
        store: jobs.
        places: files; the runner uses the same.
        tokens: who may ask; none: everybody who reaches it under a name of loopback or of ``serve.hosts``.
        pace: how slow uploads may be; None: by ``serve.upload_s``.
        poll_s: between two looks at a job that is followed.
        clock: seconds since the epoch.

    Raises:
        ConfigError: ``base`` or a setting is wrong, or the folder is another database's.
        StorageError: the folder cannot be written.
    """
    check_prefixes(settings.inputs)
    check_callbacks(settings.callbacks)
    places.make()
    check_pair(store, places)
    service = Service(
        settings=settings,
        store=store,
        places=places,
        tokens=tokens,
        sessions=Sessions(tokens, places.secret(), clock),
        metrics=Metrics(store, clock),
        desk=Desk(settings=settings, base=base, store=store, places=places, clock=clock),
        keys=Keys(store, settings.upload_s + _LATE_S, clock),
        uploads=Uploads(settings.max_uploads),
        pace=pace or Pace(longest_s=settings.upload_s),
        poll_s=poll_s,
        clock=clock,
    )
    return _routed(service)


def _routed(service: Service) -> FastAPI:
    app = FastAPI(
        title="lipsync_ray",
        version=__version__,
        summary="Dub videos: the same footage, with the mouth saying the new words.",
        docs_url=None,  # these pages load scripts from other hosts
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # to a host of the client's choice
        lifespan=_lifespan(service),
    )
    app.state.service = service
    for part in (health, options, session, post, jobs, events, files):
        app.include_router(part.router)
    _tell_problems(app)
    if page_dir().is_dir():
        app.mount("/", page_files(), name="page")
    described(app, auth=bool(service.tokens))
    app.add_middleware(
        Front,  # type: ignore[arg-type]
        settings=service.settings,
        tokens=service.tokens,
        sessions=service.sessions,
        metrics=service.metrics,
    )
    return app


def _lifespan(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        older = service.settings.upload_s + _LATE_S
        await run_in_threadpool(clear, service.places.incoming(), older)
        yield

    return lifespan


def _tell_problems(app: FastAPI) -> None:
    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(error)

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, LipsyncError)
        log.warning("%s %s: %s: %s", request.method, request.url.path, error.code, plain_text(str(error)))
        return answer(problem_of(error, str(request.app.state.service.places.root)))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(Problem(422, "INVALID", said_of(error.errors())))

    async def other(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code, detail = _OTHERS.get(error.status_code, ("REFUSED", str(error.detail)))
        return answer(Problem(error.status_code, code, detail, headers=error.headers))

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(LipsyncError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, other)


_OTHERS = {
    404: ("NOT_FOUND", "there is nothing at this address"),
    405: ("METHOD", "not with this method"),
}
