"""A service on loopback, with whatever settings a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from lipsync_ray.serve.app import create_app
from lipsync_ray.serve.job import InputFile, ServedJob, new_id
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tokens import EVERYONE, Tokens
from lipsync_ray.serve_settings import ServeSettings

ANNA = "anna-0123456789abcdef"
BERT = "bert-0123456789abcdef"
TOKENS = (f"anna:{ANNA}", f"bert:{BERT}")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A service that answers, and what it works with."""

    url: str
    app: FastAPI
    store: JobStore
    places: Places

    def client(self, token: str | None = None, **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, **more)

    def incoming(self) -> list[Path]:
        """Uploads that are on their way."""
        return list(self.places.incoming().iterdir())

    def add(self, owner: str = EVERYONE, files: dict[str, bytes] | None = None, **values: Any) -> ServedJob:
        """A job that is there, with files in its folder."""
        plain: dict[str, Any] = {
            "id": new_id(),
            "owner": owner,
            "kind": "dub",
            "options": {"engine": "unit_selection", "preset": "fast", "encode.crf": 20},
            "video": InputFile(name="a clip.mp4", place="video.mp4", bytes=4),
            "created": 1_800_000_000.0,
        }
        job = ServedJob(**{**plain, **values})
        folder = self.places.job(job.id)
        folder.mkdir()
        for name, content in {"video.mp4": b"clip", **(files or {})}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        self.store.add(job)
        return replace(job)


@contextmanager
def house(
    data: Path,
    *,
    tokens: Sequence[str] = (),
    base: Sequence[str] = (),
    create: Callable[..., FastAPI] = create_app,
    more: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[House]:
    """A service until the end of the block; ``settings`` are those of the group serve."""
    chosen = ServeSettings(data_dir=str(data), **settings)
    places = Places(data)
    places.make()
    store = JobStore(places.database_url(chosen))
    app = create(chosen, base, store, places, Tokens(tokens), **(more or {}))
    with listening(app) as url:
        yield House(url=url, app=app, store=store, places=places)
    store.close()


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """An ASGI application on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        config = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [port]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port.getsockname()[1]}"  # who connects too early waits in the line
        finally:
            server.should_exit = True
            thread.join()
