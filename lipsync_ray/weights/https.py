"""Downloads over http(s) with the system's proxies and certificates."""

from __future__ import annotations

import logging
import time
import urllib.error
import urllib.request
from pathlib import Path

from lipsync_ray.errors import WeightsMissing

logger = logging.getLogger(__name__)

ATTEMPTS = 3
TIMEOUT_S = 60.0  # without a byte
BLOCK = 1 << 20


def download(url: str, target: Path, *, size: int | None = None) -> None:
    """Write what lies at ``url`` into ``target``; the caller checks its hash.

    A transfer that breaks is started again, three times in all; a refusal (4xx) is final.
    Raises WeightsMissing.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _transfer(url, target, size)
            return
        except (urllib.error.URLError, OSError, EOFError) as error:
            refused = isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500
            if refused or attempt == ATTEMPTS:
                raise WeightsMissing(f"cannot download {url}: {error}") from error
            logger.warning("download of %s broke (%s), trying again", url, error)
            time.sleep(attempt)


def _transfer(url: str, target: Path, size: int | None) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "lipsync_ray"})
    received = 0
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response, target.open("wb") as out:
        while block := response.read(BLOCK):
            received += len(block)
            if size is not None and received > size:
                break  # longer than what was published: the hash will not match either
            out.write(block)
    if size is not None and received < size:
        raise EOFError(f"{received} of {size} bytes came")
