"""A file as an answer: whole, in parts, or not again."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse
from starlette.datastructures import Headers

from lipsync_ray.serve.problems import Problem, answer

# Others are no ranges; they are passed over, as RFC 9110 wants it, and the whole file is sent.
_RANGE = re.compile(r"bytes=\s*(\d{1,18}-\d{0,18}|-\d{1,18})(\s*,\s*(\d{1,18}-\d{0,18}|-\d{1,18})){0,15}\s*")


class Ranged(FileResponse):
    """Adds to Starlette's ranges: 304, problems for 416, and no complaint about what is no range."""

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        etag = self.headers["etag"]
        if _names(headers.get("if-none-match"), etag):
            kept = [
                (name, value)
                for name, value in self.raw_headers
                if name not in (b"content-length", b"content-type")
            ]
            await send({"type": "http.response.start", "status": 304, "headers": kept})
            await send({"type": "http.response.body", "body": b""})
            return
        wanted = headers.get("range")
        size = self.stat_result.st_size if self.stat_result else 0
        if wanted is not None and (not _RANGE.fullmatch(wanted) or _backwards(wanted)):
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != b"range"]}
        elif wanted is not None and self._applies(headers) and not _reachable(wanted, size):
            problem = Problem(
                416, "RANGE", f"the file has {size} bytes", headers={"Content-Range": f"bytes */{size}"}
            )
            await answer(problem)(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def _applies(self, headers: Headers) -> bool:
        condition = headers.get("if-range")
        return condition is None or condition in (self.headers["etag"], self.headers["last-modified"])


def ranged(path: Path, name: str, media_type: str, *, attachment: bool) -> Ranged:
    """The answer for a file. Raises FileNotFoundError."""
    return Ranged(
        path,
        media_type=media_type,
        filename=name,
        stat_result=os.stat(path),
        content_disposition_type="attachment" if attachment else "inline",
        headers={"cache-control": "private, no-cache"},
    )


def _names(condition: str | None, etag: str) -> bool:
    if condition is None:
        return False
    return condition.strip() == "*" or etag in (
        part.strip().removeprefix("W/") for part in condition.split(",")
    )


def _pairs(wanted: str) -> list[tuple[str, str]]:
    parts = wanted.partition("=")[2].split(",")
    return [(start, stop) for start, _, stop in (part.strip().partition("-") for part in parts)]


def _backwards(wanted: str) -> bool:
    return any(start and stop and int(start) > int(stop) for start, stop in _pairs(wanted))


def _reachable(wanted: str, size: int) -> bool:
    """Whether all ranges begin inside the file."""
    return all(int(start) < size if start else int(stop) > 0 and size > 0 for start, stop in _pairs(wanted))
