"""What every request goes through before and after its route: who, how often, from where; headers and log."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection

from lipsync_ray.errors import LipsyncError
from lipsync_ray.serve.metrics import Metrics
from lipsync_ray.serve.origins import host_allowed, same_origin
from lipsync_ray.serve.problems import Problem, answer, problem_of
from lipsync_ray.serve.rates import Rates
from lipsync_ray.serve.sessions import Sessions
from lipsync_ray.serve.tokens import Tokens
from lipsync_ray.serve.visitor import Visitor, who_asks
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.uri import plain_text

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

access = logging.getLogger("lipsync_ray.serve.access")
log = logging.getLogger(__name__)

PROBES = ("/healthz", "/readyz")  # asked by machines under any name, and often
WRONG_COSTS = 10.0  # requests that a wrong token counts for
PAGE_COSTS = 0.05  # that a file of the page counts for: a browser fetches some sixty of them at once
_NO_PAGE = ("/v1/", "/metrics", "/openapi.json")
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; frame-src 'self'; form-action 'none'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What is told of a request once it is over."""

    id: str
    since: float = field(default_factory=time.perf_counter)
    status: int = 0
    sent: int = 0
    received: int = 0
    owner: str | None = None


class Front:
    """The ASGI application around the routes.

    Args:
        app: the routes.
        settings: names and limits.
        tokens, sessions: who may ask.
        metrics: where requests are counted.
    """

    def __init__(
        self, app: App, *, settings: ServeSettings, tokens: Tokens, sessions: Sessions, metrics: Metrics
    ) -> None:
        self._app = app
        self._settings = settings
        self._tokens = tokens
        self._sessions = sessions
        self._metrics = metrics
        self._rates = Rates(settings.requests_per_s, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = HTTPConnection(scope).headers.get("x-request-id", "")
        seen = _Seen(id=given if _ID.fullmatch(given) else secrets.token_hex(8))
        try:
            await self._answered(scope, _counting(receive, seen), _dressed(send, seen), seen)
        except ClientDisconnect:
            seen.status = seen.status or 499  # nobody is there to read an answer
        finally:
            self._told(scope, seen)

    async def _answered(self, scope: Scope, receive: Receive, send: Send, seen: _Seen) -> None:
        try:
            visitor = self._let_in(HTTPConnection(scope))
            seen.owner = visitor.owner
            scope.setdefault("state", {})["visitor"] = visitor
            await self._app(scope, receive, send)
        except ClientDisconnect:
            raise
        except Exception as error:
            if seen.status:  # half an answer is out: the connection has to break
                raise
            await answer(_problem(error, seen.id))(scope, receive, send)

    def _let_in(self, connection: HTTPConnection) -> Visitor:
        """The visitor. Raises Problem: wrong name, too many requests, another site's page."""
        visitor = who_asks(connection, self._tokens, self._sessions)
        path = connection.scope["path"]
        if path in PROBES:
            return visitor
        headers = connection.headers
        if not host_allowed(headers.get("host", ""), self._settings.hosts, open_=not self._tokens):
            raise Problem(
                403, "HOST", "the service is not known by this name; its operator may add it to serve.hosts"
            )
        wait = self._rates.take(visitor.bucket, _cost(path, visitor))
        if wait:
            raise Problem(
                429, "RATE_LIMITED", "too many requests; wait a little", headers={"Retry-After": str(wait)}
            )
        if not connection.scope["query_string"].isascii():
            raise Problem(400, "INVALID", "the address holds bytes that are no ASCII; write them as %XX")
        method = connection.scope["method"]
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        by_cookie = visitor.by == "cookie"
        if (visitor.by == "open" or by_cookie) and not same_origin(
            method, headers.get("host", ""), origin, site, must_tell=by_cookie
        ):
            raise Problem(403, "ORIGIN", "a page of another site may not change anything here")
        return visitor

    def _told(self, scope: Scope, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.since
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.answered(method, route, seen.status, seconds, seen.received)
        told = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "route": route,
            "status": seen.status,
            "ms": round(seconds * 1000, 1),
            "bytes": seen.sent,
            "received": seen.received,
            "owner": seen.owner,
            "client": scope["client"][0] if scope.get("client") else None,
            "id": seen.id,
        }
        access.info("%s", json.dumps(told, ensure_ascii=False))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _cost(path: str, visitor: Visitor) -> float:
    """How many requests a request counts for."""
    if visitor.by == "wrong":
        return WRONG_COSTS
    return 1.0 if path.startswith(_NO_PAGE) else PAGE_COSTS


def _route(scope: Scope) -> str:
    """The route's own text, so that ids and made-up addresses do not fill metrics."""
    path = getattr(scope.get("route"), "path", None)
    return "page" if path == "" else path or "unknown"


def _problem(error: Exception, id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, LipsyncError):
        log.warning("request %s: %s: %s", id, error.code, plain_text(str(error)))
        return problem_of(error)
    log.error("request %s failed", id, exc_info=error)
    return Problem(500, "INTERNAL", f"something went wrong here; the service's log has it under {id}")


def _counting(receive: Receive, seen: _Seen) -> Receive:
    async def counted() -> MutableMapping[str, Any]:
        message = await receive()
        seen.received += len(message.get("body", b""))
        return message

    return counted


def _dressed(send: Send, seen: _Seen) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            seen.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = seen.id
        elif message["type"] == "http.response.body":
            seen.sent += len(message.get("body", b""))
        await send(message)

    return sent
