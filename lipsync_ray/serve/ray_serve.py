"""Ray Serve with the service on it, from its start to its end."""

from __future__ import annotations

import logging
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ray import serve

from lipsync_ray.errors import WorkerSetupFailed
from lipsync_ray.serve.deployment import DRAIN_S, QUIET, application

APP = "lipsync_ray"
_READY_S = 120.0
_LOOK_S = 0.1


@contextmanager
def served(words: Sequence[str], host: str, port: int) -> Iterator[None]:
    """The service answers inside of the block; at its end, what runs is finished first.

    Args:
        words: the operator's.
        host, port: where it listens.

    Raises:
        ConfigError: a word is wrong.
        WorkerSetupFailed: Ray Serve does not come up.
    """
    logging.getLogger("ray.serve").setLevel(logging.CRITICAL)
    try:
        serve.start(http_options={"host": host, "port": port}, logging_config=QUIET)
        serve.run(application(words), name=APP, route_prefix="/", logging_config=QUIET)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise WorkerSetupFailed(f"the service does not start: {reason}") from error
    _await_answer(host, port)
    yield
    _end()


def _await_answer(host: str, port: int) -> None:
    # The address is asked here, and bound to elsewhere.
    place = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # nosec B104
    limit = time.monotonic() + _READY_S
    while True:
        try:
            # Nobody but this line chooses the scheme.
            with urllib.request.urlopen(f"http://{place}:{port}/healthz", timeout=5):  # nosec B310
                return
        except OSError as error:
            if time.monotonic() > limit:
                raise WorkerSetupFailed(f"the service does not answer on port {port}: {error}") from error
            time.sleep(_LOOK_S)


def _end() -> None:
    """Take no more requests, and let the jobs' running pieces end."""
    serve.delete(APP, _blocking=False)
    limit = time.monotonic() + DRAIN_S
    while APP in serve.status().applications and time.monotonic() < limit:
        time.sleep(_LOOK_S)
