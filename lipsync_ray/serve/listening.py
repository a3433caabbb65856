"""Where the service listens, and that it is the only one on its folder."""

from __future__ import annotations

import errno
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.tokens import VARIABLE, Tokens
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.locks import locked

PATIENCE_S = 30.0  # for a killed service's processes to be gone from its port
_LOOK_S = 0.2


def check_exposed(settings: ServeSettings, tokens: Tokens) -> None:
    """Refuse to listen to other machines without tokens. Raises ConfigError."""
    if not tokens and not is_loopback(settings.host):
        raise ConfigError(
            f"serve.host={settings.host} is reached from other machines, and there are no tokens: give "
            f"serve.tokens_file or {VARIABLE}, or serve.host=127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def alone(places: Places) -> Iterator[bool]:
    """Keep other services away from the folder; the value says whether the one before was killed.

    Raises:
        ConfigError: another one is there.
    """
    path = places.service_lock()
    with locked(path, wait=False) as got:
        if not got:
            raise ConfigError(
                f"another service works in {places.root}; end it, or give this one another serve.data_dir"
            )
        killed = bool(path.read_text("utf-8"))
        path.write_text("at work", "utf-8")
        yield killed
        path.write_text("", "utf-8")


def free_port(settings: ServeSettings, patience_s: float) -> int:
    """The port to listen on, which is free now.

    Args:
        settings: host and port; 0: any port.
        patience_s: how long a port that is taken is waited for.

    Raises:
        ConfigError: it stays taken, or the host is not one of this machine.
    """
    limit = time.monotonic() + patience_s
    while True:
        try:
            return _tried(settings.host, settings.port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < limit:
                time.sleep(_LOOK_S)
                continue
            place = f"serve.host={settings.host} serve.port={settings.port}"
            raise ConfigError(
                f"{place}: cannot listen there ({error.strerror or error}); choose another port, or 0 for any"
            ) from error


def _tried(host: str, port: int) -> int:
    family, kind, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not held up by closed connections
        tried.bind(address)
        return int(tried.getsockname()[1])
