"""Weight files that exist only for tests, and a web server that behaves and misbehaves."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

from lipsync_ray.weights.entry import WeightEntry
from lipsync_ray.weights.registry import Registry
from lipsync_ray.weights.store import WeightStore

BYTES = bytes(range(256)) * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry(name: str = "net", data: bytes = BYTES, **changes: object) -> WeightEntry:
    facts = {
        "name": name,
        "file": f"{name}.bin",
        "size": len(data),
        "sha256": sha256(data),
        "licence": "Apache-2.0",
        "commercial": "yes",
        "purpose": "a test",
        "sources": (),
    }
    return WeightEntry(**(facts | changes))  # type: ignore[arg-type]


def unhashed(name: str = "net", **changes: object) -> WeightEntry:
    """An entry whose publisher told nothing about its bytes."""
    return entry(name, **({"size": None, "sha256": None} | changes))


def store(folder: Path, *entries: WeightEntry, **options: object) -> WeightStore:
    bundles = options.pop("bundles", {})
    registry = Registry(entries={e.name: e for e in entries}, bundles=bundles)  # type: ignore[arg-type]
    return WeightStore(folder=folder / "cache", registry=registry, **options)  # type: ignore[arg-type]


@dataclass(slots=True)
class Web:
    """A web server over ``folder`` with ETags and ranges; it breaks off where ``breaks`` says, once each."""

    folder: Path
    url: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range of each
    breaks: list[int] = field(default_factory=list)  # bytes after which the next transfers are cut
    ranges: bool = True  # whether ranges are honoured
    types: dict[str, str] = field(default_factory=dict)  # content types that are not plain bytes
    stalls: list[int] = field(default_factory=list)  # bytes after which the next transfers wait for `go_on`
    go_on: threading.Event = field(default_factory=threading.Event)

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return f"{self.url}/{name}"

    def handler(web: Web) -> type[http.server.BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name, wanted = self.path.strip("/"), self.headers["Range"]
                web.requests.append((name, wanted))
                path = web.folder / name
                if not path.is_file():
                    self.send_error(404)
                    return
                data = path.read_bytes()
                tag = f'"{sha256(data)[:8]}"'
                start = 0
                if wanted and web.ranges and self.headers["If-Range"] == tag:
                    start = int(re.sub(r"\D", "", wanted))
                if start and start >= len(data):
                    self.send_error(416)
                    return
                self.send_response(206 if start else 200)
                self.send_header("Content-Type", web.types.get(name, "application/octet-stream"))
                self.send_header("Content-Length", str(len(data) - start))
                self.send_header("ETag", tag)
                self.end_headers()
                if web.stalls:
                    self.wfile.write(data[start : start + web.stalls.pop(0)])
                    self.wfile.flush()
                    web.go_on.wait(60)
                    return
                end = start + web.breaks.pop(0) if web.breaks else len(data)
                self.wfile.write(data[start:end])

            def log_message(self, *args: object) -> None:
                pass

        return Handler
