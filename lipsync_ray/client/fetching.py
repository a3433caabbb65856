"""Downloads that go on where they were cut off, and are whole or not there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import httpx

from lipsync_ray.client.asking import Patience, passing, patiently, refusal
from lipsync_ray.errors import ServiceRefused, ServiceUnreachable

_PLAIN = {"Accept-Encoding": "identity"}  # what is packed on the way cannot be taken up again


def fetch(
    client: httpx.Client, url: str, path: Path, patience: Patience, sleep: Callable[[float], None]
) -> None:
    """Write what is at ``url`` to ``path``.

    What was fetched of it by a call that was stopped is not fetched again, if it is still the same file.

    Raises:
        ServiceRefused: the service says no.
        ServiceUnreachable: it breaks off again and again; what has come is kept for the next call.
    """
    for tried in range(patience.tries):
        head = patiently(lambda: client.head(url, headers=_PLAIN), patience, sleep)
        etag, size = head.headers["etag"], int(head.headers["content-length"])
        name = hashlib.sha256(etag.encode()).hexdigest()[:16]
        part = path.with_name(f".{path.name}.{name}.part")
        asked = None
        try:
            if _have(part) != size:
                _more(client, url, part, etag)
        except httpx.TransportError:
            pass
        except ServiceRefused as refused:
            if tried + 1 == patience.tries or not passing(refused):
                raise
            asked = refused.wait_s
        if _have(part) == size:
            _put(part, path)
            return
        sleep(patience.wait(tried, asked))
    raise ServiceUnreachable(f"{url} breaks off again and again; call again to go on")


def _have(part: Path) -> int | None:
    """Bytes that have come."""
    return part.stat().st_size if part.exists() else None


def _more(client: httpx.Client, url: str, part: Path, etag: str) -> None:
    have = _have(part)
    headers = dict(_PLAIN)
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": etag}
    with client.stream("GET", url, headers=headers) as answer:
        if not answer.is_success:
            answer.read()
            raise refusal(answer)
        if answer.headers.get("etag") != etag:
            return  # it was replaced just now: what it is has to be asked anew
        with part.open("ab" if answer.status_code == 206 else "wb") as file:
            for block in answer.iter_raw():  # in whatever pieces it comes: none is lost when it breaks off
                file.write(block)


def _put(part: Path, path: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
