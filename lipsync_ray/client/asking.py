"""Requests that are sent again where that helps and cannot do harm."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from lipsync_ray.errors import ServiceRefused, ServiceUnreachable

_AGAIN = (502, 504)
_PASSING = ("IN_FLIGHT", "RATE_LIMITED", "QUEUE_FULL", "STORE", "STREAMS", "UPLOADS")
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a request is sent, and how long to wait between."""

    tries: int = 6
    first_s: float = 0.5  # doubled each time

    def wait(self, tried: int, asked: float | None = None) -> float:
        """Seconds before the next try; ``asked`` is what the service has asked for."""
        own = self.first_s * 2**tried * random.uniform(0.75, 1.25)  # many clients must not come back at once
        return min(max(own, asked or 0.0), _LONGEST_WAIT_S)


def patiently(
    send: Callable[[], httpx.Response], patience: Patience, sleep: Callable[[float], None] = time.sleep
) -> httpx.Response:
    """Send until there is an answer that is final.

    Args:
        send: makes the whole request anew.
        patience: how often.
        sleep: waits.

    Raises:
        ServiceRefused: the service says no.
        ServiceUnreachable: there was no answer to any of the tries.
    """
    for tried in range(patience.tries):
        last = tried + 1 == patience.tries
        try:
            answer = send()
        except httpx.TransportError as error:
            if last:
                raise ServiceUnreachable(
                    f"the service does not answer ({type(error).__name__}: {error}); check its address"
                ) from error
            sleep(patience.wait(tried))
            continue
        if answer.is_success:
            return answer
        refused = refusal(answer)
        if last or not passing(refused):
            raise refused
        sleep(patience.wait(tried, refused.wait_s))
    raise AssertionError("patience.tries is 0")


def passing(refused: ServiceRefused) -> bool:
    """Whether what was refused may be granted a little later."""
    return refused.status in _AGAIN or refused.code in _PASSING


def refusal(answer: httpx.Response) -> ServiceRefused:
    """What an answer that says no says; its body must have been read."""
    plain: Mapping[str, Any] = {}
    try:
        told = json.loads(answer.content)
        plain = told if isinstance(told, dict) else {}
    except ValueError:
        pass  # a proxy on the way answers in its own words
    wait = answer.headers.get("retry-after", "")
    return ServiceRefused(
        answer.status_code,
        str(plain.get("code", "")),
        str(plain.get("detail") or f"the service answers {answer.status_code} {answer.reason_phrase}"),
        wait_s=float(wait) if wait.isdigit() else None,
    )
