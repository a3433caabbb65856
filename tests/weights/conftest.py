"""A real web server for files that exist only for tests."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipsync_ray.weights import https
from tests.weights.files import Web


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(https, "PAUSE_S", 0.01)  # before a broken transfer is tried again
    folder = tmp_path / "web"
    folder.mkdir()
    served = Web(folder=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served.handler()) as running:
        served.url = f"http://127.0.0.1:{running.server_port}"
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield served
        running.shutdown()
