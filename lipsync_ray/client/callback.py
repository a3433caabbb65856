"""For who receives callbacks: whether one comes from the service, and has not come before."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping, MutableMapping

from lipsync_ray.client.job import RemoteJob
from lipsync_ray.client.signing import DELIVERY, SIGNATURE, TIMESTAMP, sign
from lipsync_ray.errors import CallbackRefused

FRESH_S = 300.0  # how far the clocks of both machines may be apart


def verify_callback(
    headers: Mapping[str, str],
    body: bytes,
    secret: str,
    seen: MutableMapping[str, float],
    *,
    now: float | None = None,
) -> RemoteJob:
    """Check a callback, and read it.

    Args:
        headers: of the request; upper and lower case do not matter.
        body: of the request, exactly as it came.
        secret: that the service signs with.
        seen: deliveries that were taken, with their times; kept by the caller between calls, and written
            here. Several processes that receive must share it.
        now: seconds since the epoch; None: the clock of this machine.

    Returns:
        The job that has ended.

    Raises:
        CallbackRefused: the signature is wrong, the callback is old, or it was taken before.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    timestamp, delivery, given = (lower.get(name.lower(), "") for name in (TIMESTAMP, DELIVERY, SIGNATURE))
    right = sign(secret, timestamp, delivery, body)
    if not hmac.compare_digest(right.encode(), given.encode("utf-8", "replace")):
        raise CallbackRefused("the signature is wrong: it does not come from the service, or was changed")
    moment = time.time() if now is None else now
    if not timestamp.isdigit() or abs(moment - int(timestamp)) > FRESH_S:
        raise CallbackRefused("the callback is too old, or the clocks of both machines differ")
    for known in [known for known, then in seen.items() if moment - then > 2 * FRESH_S]:
        del seen[known]
    if delivery in seen:
        raise CallbackRefused("this callback was taken before")
    seen[delivery] = moment
    return RemoteJob.read(json.loads(body))
