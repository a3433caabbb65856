"""GET /healthz, /readyz and /metrics: for machines that look after this one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from lipsync_ray.errors import LipsyncError
from lipsync_ray.serve.api.examples import METRICS
from lipsync_ray.serve.api.models import HealthShown, ReadyShown
from lipsync_ray.serve.api.service import Here, Owner, Service
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.incoming import RESERVE
from lipsync_ray.serve.metrics import TYPE
from lipsync_ray.serve.pages import page_dir
from lipsync_ray.storage.locks import locked

router = APIRouter(tags=["service"])


@router.get(
    "/healthz", summary="Whether the process answers", response_model=HealthShown, responses=problems()
)
async def get_health() -> HealthShown:
    """Always the same, as long as there is an answer."""
    return HealthShown()


@router.get(
    "/readyz",
    summary="Whether jobs can be taken and done",
    response_model=ReadyShown,
    responses={**problems(), 503: {"description": "something is missing", "model": ReadyShown}},
)
def get_readiness(service: Here) -> JSONResponse:
    """The database answers, the disk has room, the page is there, and a runner is at work."""
    told = {name: "ok" if check(service) else wrong for name, (check, wrong) in _CHECKS.items()}
    ready = all(state == "ok" for state in told.values())
    return JSONResponse({"ready": ready, "checks": told}, status_code=200 if ready else 503)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        **problems(401),
        200: {
            "description": "text format 0.0.4",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": METRICS}},
        },
    },
)
def get_metrics(owner: Owner, service: Here) -> Response:
    """Requests of this process, and jobs. Needs a token if the service has tokens."""
    return Response(service.metrics.text(), media_type=TYPE)


def _store(service: Service) -> bool:
    try:
        service.store.check()
    except LipsyncError:
        return False
    return True


def _disk(service: Service) -> bool:
    try:
        return (
            shutil.disk_usage(service.places.root).free > RESERVE
            and os.access(service.places.incoming(), os.W_OK)
            and os.access(service.places.jobs(), os.W_OK)
        )
    except OSError:
        return False


def _secret(service: Service) -> bool:
    try:
        return bool(service.places.secret())
    except LipsyncError:
        return False


def _page(service: Service) -> bool:
    return (page_dir() / "index.html").is_file()


def _runner(service: Service) -> bool:
    """Whether somebody holds the runner's lock."""
    path = service.places.runner_lock()
    if not path.exists():
        return False
    try:
        with locked(path, shared=True, wait=False) as free:
            return not free
    except LipsyncError:
        return False


_CHECKS: Mapping[str, tuple[Callable[[Service], bool], str]] = {
    "store": (_store, "the database does not answer"),
    "disk": (_disk, "there is no room, or the folder cannot be written"),
    "secret": (_secret, "the secret cannot be read"),
    "page": (_page, "the page is not installed"),
    "runner": (_runner, "nobody works on jobs"),
}
