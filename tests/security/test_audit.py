"""The audit of what this project depends on, as .ci/run asks for it."""

from __future__ import annotations

import http.server
import runpy
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

AUDIT: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
FOUND = {"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"], "aliases": [], "description": ""}


def test_findings_are_told_and_what_was_not_audited_does_not_count() -> None:
    report = {
        "dependencies": [
            {"name": "requests", "version": "2.19.0", "vulns": [FOUND, {**FOUND, "fix_versions": []}]},
            {"name": "numpy", "version": "2.0.0", "vulns": []},
            {"name": "own", "skip_reason": "not on PyPI"},
        ]
    }
    assert AUDIT["told"](report) == (
        ["requests 2.19.0: PYSEC-2018-28, fixed in 2.20.0", "requests 2.19.0: PYSEC-2018-28, not fixed yet"],
        2,
        True,
    )


def test_what_nobody_has_mended_is_told_and_is_no_failure() -> None:
    found = {"name": "ray", "version": "2.9.0", "vulns": [{**FOUND, "fix_versions": []}]}
    assert AUDIT["told"]({"dependencies": [found]}) == (["ray 2.9.0: PYSEC-2018-28, not fixed yet"], 1, False)


@pytest.fixture
def mirror() -> Iterator[str]:
    """A package index that has files and no advisories."""

    class Files(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = b'{"info": {}, "vulnerabilities": []}' if self.path == "/pypi" else b"<html></html>"
            self.send_response(404 if self.path == "/none" else 200)
            self.end_headers()
            self.wfile.write(known)

        def log_message(self, format: str, *args: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_mirror_without_advisories_is_told_from_a_service_of_them(mirror: str) -> None:
    answers = {path: AUDIT["advisories_answer"](f"{mirror}/{path}") for path in ("pypi", "none", "page")}
    assert answers == {"pypi": True, "none": False, "page": False}
    assert not AUDIT["advisories_answer"]("http://127.0.0.1:9/pypi")
