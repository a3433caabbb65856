"""POST and DELETE /v1/session: a cookie in the place of a token."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lipsync_ray.serve.api.service import Here, Owner
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.sessions import COOKIE, LASTS_S
from lipsync_ray.serve.visitor import Visitor

router = APIRouter(tags=["service"])


@router.post(
    "/v1/session",
    status_code=204,
    summary="Begin a session",
    response_class=Response,
    responses=problems(401),
)
def begin_session(request: Request, owner: Owner, service: Here) -> Response:
    """Get a cookie for what browsers fetch without a token: videos, streams of events. It lasts 12 hours."""
    visitor: Visitor = request.state.visitor
    if visitor.by == "cookie":
        raise Problem(
            *(401, "UNAUTHORIZED", "a session begins with a token: Authorization: Bearer TOKEN"),
            headers={"WWW-Authenticate": 'Bearer realm="lipsync_ray"'},
        )
    answer = Response(status_code=204)
    if visitor.token is not None:
        answer.set_cookie(
            COOKIE,
            service.sessions.make(visitor.token),
            max_age=LASTS_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return answer


@router.delete(
    "/v1/session", status_code=204, summary="End a session", response_class=Response, responses=problems()
)
def end_session() -> Response:
    """Have the browser forget the cookie."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
