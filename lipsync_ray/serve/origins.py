"""Which names a request may use for the service, and from which pages it may come."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SAFE = ("GET", "HEAD", "OPTIONS")


def host_allowed(host: str, hosts: Sequence[str], *, open_: bool) -> bool:
    """Whether a Host header names this service.

    Without tokens a page of another site could otherwise have its own name lead here (DNS rebinding) and read
    everything as its own.

    Args:
        host: the header.
        hosts: ``serve.hosts``: names, with or without a port.
        open_: whether there are no tokens; it always has the names of loopback then.
    """
    if not hosts and not open_:
        return True
    host = host.lower()
    allowed = {*(name.lower() for name in hosts), *(_LOOPBACK if open_ else ())}
    return host in allowed or _without_port(host) in allowed


def same_origin(method: str, host: str, origin: str | None, site: str | None, *, must_tell: bool) -> bool:
    """Whether a request that changes something comes from a page of this service, or from no page.

    Args:
        method: of the request.
        host: its Host header.
        origin: its Origin header.
        site: its Sec-Fetch-Site header.
        must_tell: whether one of the two must be there, as for requests with a cookie.
    """
    if method in _SAFE:
        return True
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is not None:
        # The scheme is not compared: behind a proxy this process does not know it.
        return _netloc(origin) == host.lower()
    return site is not None or not must_tell


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
