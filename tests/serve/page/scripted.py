"""A service that says what a test tells it to: the page's own files, answers in the shapes of the real one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.conftest import ROOT

PAGE = ROOT / "lipsync_ray" / "serve" / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
ENDED = ("done", "failed", "cancelled")


def problem(status: int, code: str, detail: str, **headers: str) -> Response:
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


@dataclass
class Scripted:
    """What the service knows, and how it answers next. Tests change it while the page looks."""

    options: dict[str, Any]
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)  # by "ID/what"
    posted: list[dict[str, Any]] = field(default_factory=list)
    refuse: list[Response] = field(default_factory=list)  # the next answers to POST /v1/jobs
    token: str = ""
    next_job: dict[str, Any] = field(default_factory=dict)  # what a new job has instead of the usual
    port: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, job: dict[str, Any]) -> None:
        """A job is new, or has changed."""
        self.jobs[job["id"]] = job
        self.versions[job["id"]] = self.versions.get(job["id"], 0) + 1

    def change(self, name: str, **values: Any) -> None:
        self.put({**self.jobs[name], **values})

    def app(self) -> Starlette:
        routes = [
            Route("/v1/options", self._options),
            Route("/v1/session", self._session, methods=["POST", "DELETE"]),
            Route("/v1/jobs", self._post, methods=["POST"]),
            Route("/v1/jobs", self._list),
            Route("/v1/jobs/{id}", self._job, methods=["GET", "DELETE"]),
            Route("/v1/jobs/{id}/cancel", self._cancel, methods=["POST"]),
            Route("/v1/jobs/{id}/events", self._events),
            Route("/v1/jobs/{id}/{what:path}", self._file),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ]
        return Starlette(routes=routes)

    def _known(self, request: Request) -> bool:
        return not self.token or request.cookies.get("session") == self.token

    async def _options(self, request: Request) -> Response:
        return (
            JSONResponse(self.options) if self._known(request) else problem(401, "UNAUTHORIZED", "no token")
        )

    async def _session(self, request: Request) -> Response:
        answer = Response(status_code=204)
        if request.method == "DELETE":
            answer.delete_cookie("session")
        elif request.headers.get("Authorization") != f"Bearer {self.token}":
            return problem(401, "UNAUTHORIZED", "the token is not known")
        else:
            answer.set_cookie("session", self.token, httponly=True, samesite="strict")
        return answer

    async def _post(self, request: Request) -> Response:
        if request.headers["content-type"].startswith("multipart/"):
            form = await request.form()
            fields = {key: getattr(value, "filename", None) or value for key, value in form.items()}
        else:
            fields = await request.json()
        if self.refuse:
            return self.refuse.pop(0)
        self.posted.append({**fields, "key": request.headers.get("Idempotency-Key")})
        given = self.jobs.get(str(fields.get("files_of")), {})
        job = new_job(f"job{len(self.jobs) + 1}", kind=fields["kind"]) | {
            "video": given.get("video") or {"name": fields["video"], "bytes": 1},
            "audio": given.get("audio") or {"name": fields["audio"], "bytes": 1},
            **self.next_job,
        }
        self.put(job)
        return JSONResponse(job, 202, {"Location": f"/v1/jobs/{job['id']}"})

    async def _list(self, request: Request) -> Response:
        kind = request.query_params.get("kind")
        jobs = [job for job in reversed(self.jobs.values()) if kind in (None, job["kind"])]
        return JSONResponse({"jobs": jobs, "next": None})

    async def _job(self, request: Request) -> Response:
        name = request.path_params["id"]
        if name not in self.jobs:
            return problem(404, "NOT_FOUND", "there is no such job")
        if request.method == "DELETE":
            del self.jobs[name]
            return Response(status_code=204)
        return JSONResponse(self.jobs[name])

    async def _cancel(self, request: Request) -> Response:
        name = request.path_params["id"]
        self.change(name, state="cancelled")
        return JSONResponse(self.jobs[name], 202)

    async def _events(self, request: Request) -> Response:
        if request.path_params["id"] not in self.jobs:
            return problem(404, "NOT_FOUND", "there is no such job")
        return StreamingResponse(self._told(request.path_params["id"]), media_type="text/event-stream")

    async def _told(self, name: str) -> AsyncIterator[str]:
        told = 0
        while name in self.jobs:
            if self.versions[name] != told:
                told = self.versions[name]
                yield f"event: job\nid: {told}\ndata: {json.dumps(self.jobs[name])}\n\n"
                if self.jobs[name]["state"] in ENDED:
                    return
            await asyncio.sleep(0.02)

    async def _file(self, request: Request) -> Response:
        path = self.files.get(f"{request.path_params['id']}/{request.path_params['what']}")
        if path is None:
            return problem(404, "NOT_FOUND", "there is no such file")
        save = request.query_params.get("download")
        answer = FileResponse(path, filename=path.name if save else None)
        if path.suffix == ".html":
            answer.headers["Content-Security-Policy"] = REPORT_POLICY
        return answer


def new_job(name: str, **values: Any) -> dict[str, Any]:
    """A job that waits."""
    return {
        "id": name,
        "kind": "triage",
        "state": "queued",
        "engine": "unit_selection",
        "preset": "balanced",
        "options": {},
        "container": "mp4",
        "video": {"name": "talk.mp4", "bytes": 1_000_000},
        "audio": {"name": "hola.wav", "bytes": 200_000},
        "created": "2026-11-26T10:00:00Z",
        "started": None,
        "finished": None,
        "position": 0,
        "starts": 0,
        "progress": {},
        "result": None,
        "error": None,
        "callback": None,
        "links": {"self": f"/v1/jobs/{name}"},
        **values,
    }


class Running:
    """A server in a thread."""

    def __init__(self, scripted: Scripted) -> None:
        self.scripted = scripted
        app = scripted.app()

        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            async def with_policy(message: Any) -> None:
                if message["type"] == "http.response.start":
                    names = {name for name, _ in message["headers"]}
                    if b"content-security-policy" not in names:
                        message["headers"].append((b"content-security-policy", POLICY.encode()))
                await send(message)

            await app(scope, receive, with_policy)

        config = uvicorn.Config(
            guarded, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Scripted:
        self.thread.start()
        while not self.server.started:
            threading.Event().wait(0.01)
        self.scripted.port = self.server.servers[0].sockets[0].getsockname()[1]
        return self.scripted

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(10)
