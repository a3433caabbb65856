"""HTTP to addresses that strangers name: only allowed ones, and never into networks that are not public."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve_settings import ServeSettings

Resolver = Callable[[str, int], Sequence[str]]  # a name and a port to addresses

_LONGEST_S = 15.0  # of a request with its answer
_MOST = 64 << 10  # bytes of an answer that are read
_DOTS = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_IPV4_IN = ("64:ff9b::/96", "::/96")  # networks whose last 32 bits are an IPv4 address


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a request."""

    status: int  # 0: there was no answer
    why: str  # in words, for the log


def check_callbacks(prefixes: Sequence[str]) -> None:
    """Raises ConfigError: one of ``serve.callbacks`` is no address with a host."""
    for prefix in prefixes:
        try:
            _parts(prefix)
        except ValueError as error:
            raise ConfigError(f"serve.callbacks: {prefix} {error}") from error


def check_url(url: str, settings: ServeSettings) -> None:
    """Check that a callback may go to an address. Names are not resolved yet.

    Raises:
        Problem: it is no address, or not below one of ``serve.callbacks``.
    """
    if not settings.callbacks:
        raise _refused("this service makes no callbacks")
    try:
        wanted = _parts(url)
    except ValueError as error:
        raise _refused(f"callback_url {error}") from error
    if not any(_below(wanted, _parts(prefix)) for prefix in settings.callbacks):
        raise _refused("callback_url is not below an address that this service may call")


def resolve(name: str, port: int) -> list[str]:
    """Addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public network, also one that is wrapped into IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if inner is None and any(ip in ipaddress.ip_network(net) for net in _IPV4_IN):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    if ip.version == 6 and ip in ipaddress.ip_network("64:ff9b:1::/48"):
        return False  # IPv4 of a network of one's own; older versions of Python call it global
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


class Outbound:
    """Sends to allowed addresses.

    Args:
        settings: what is allowed.
        resolver: of names.
        transport: of requests, for tests; None: the network.
    """

    def __init__(
        self,
        settings: ServeSettings,
        resolver: Resolver = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._resolver = resolver
        self._transport = transport

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        """Send a body; nothing is raised but what is a mistake of this program.

        The name is resolved once, and the connection goes to the very address that was looked at: a name
        that leads elsewhere a moment later leads nowhere.
        """
        try:
            check_url(url, self._settings)
            parts = _parts(url)
            return asyncio.run(self._sent(url, parts, self._address(parts), body, headers))
        except Problem as problem:
            return Sent(status=0, why=problem.detail)
        except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
            return Sent(status=0, why=f"{type(error).__name__}: {error}"[:200])

    def _address(self, parts: SplitResult) -> str:
        found = self._resolver(parts.hostname or "", _port(parts))
        if not self._settings.private_addresses:
            # One that is not public taints the name: which of them is taken must not be chance.
            for address in found:
                if not is_public(address):
                    raise OSError("the name leads to an address that is not public")
        if not found:
            raise OSError("the name leads nowhere")
        return found[0]

    async def _sent(
        self, url: str, parts: SplitResult, address: str, body: bytes, headers: dict[str, str]
    ) -> Sent:
        target = httpx.URL(url).copy_with(host=address)
        named = {**headers, "Host": parts.netloc}
        extensions = {"sni_hostname": parts.hostname or ""}
        # The whole of it has a limit: one that sends a byte at a time would keep to any other.
        async with (
            asyncio.timeout(_LONGEST_S),
            httpx.AsyncClient(follow_redirects=False, trust_env=False, transport=self._transport) as client,
            client.stream("POST", target, content=body, headers=named, extensions=extensions) as answer,
        ):
            read = 0
            async for block in answer.aiter_raw():
                read += len(block)
                if read > _MOST:
                    break
            return Sent(status=answer.status_code, why=answer.reason_phrase)


def _parts(url: str) -> SplitResult:
    """An address in parts. Raises ValueError: what is wrong with it."""
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise ValueError("holds signs that no address has")
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError:
        raise ValueError("is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must start with https:// or http:// and a host")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("must not hold a user, a password or a fragment")
    if _DOTS.search(parts.path):
        raise ValueError("must not hold . or .. in its path")
    return parts


def _below(wanted: SplitResult, prefix: SplitResult) -> bool:
    """Whether an address is a prefix's, or below it: whole parts of the path are compared, never letters."""
    if (wanted.scheme, wanted.hostname, _port(wanted)) != (prefix.scheme, prefix.hostname, _port(prefix)):
        return False
    path, start = wanted.path or "/", prefix.path.rstrip("/")
    return path == start or path.startswith(f"{start}/")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _refused(detail: str) -> Problem:
    return Problem(422, "CALLBACK", detail)
