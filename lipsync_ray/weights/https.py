"""Downloads over http(s) with the system's proxies and certificates; broken ones go on where they stopped."""

from __future__ import annotations

import errno
import http.client
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path

from lipsync_ray.errors import WeightsMissing

logger = logging.getLogger(__name__)

ATTEMPTS = 3  # in a row without a new byte
PAUSE_S = 1.0  # before the next attempt, longer each time
TIMEOUT_S = 60.0  # without a byte
BLOCK = 1 << 20
_NO_RANGE = 416  # what is there is as long as the file, or longer


def download(
    url: str, target: Path, *, size: int | None = None, on_length: Callable[[int], None] | None = None
) -> None:
    """Write what lies at ``url`` into ``target``; the caller checks its hash.

    A transfer that breaks is taken up where it stopped if the server says that the file is still the
    same one (its ETag or date, kept in ``TARGET.version``), else from the start. Three attempts in a row
    without progress end it and leave ``target`` for a later call; so does an interruption. A refusal
    (4xx) and a web page instead of a file are final. Raises WeightsMissing.

    Args:
        url: the address.
        target: the file to write.
        size: its length in bytes, if known; nothing beyond it is written.
        on_length: told how many bytes are there, often.
    """
    failures, furthest = 0, 0
    while True:
        try:
            _transfer(url, target, size, on_length or _ignore)
        except (urllib.error.URLError, OSError, EOFError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # the person must act, not we
            reached = target.stat().st_size if target.is_file() else 0
            failures = 1 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if isinstance(error, urllib.error.HTTPError) and error.code == _NO_RANGE:
                target.unlink(missing_ok=True)
            elif _is_refusal(error) or failures >= ATTEMPTS:
                raise WeightsMissing(f"cannot download {url}: {error}") from error
            level = logging.WARNING if reached else logging.INFO
            logger.log(level, "download of %s broke (%s), trying again", url, error)
            time.sleep(failures * PAUSE_S)
        else:
            _version_file(target).unlink(missing_ok=True)
            return


def _transfer(url: str, target: Path, size: int | None, on_length: Callable[[int], None]) -> None:
    have, version = _left_before(target)
    headers = {"User-Agent": "lipsync_ray"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    opener = urllib.request.build_opener(SecureRedirects)
    with opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S) as response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        if response.headers.get_content_type() == "text/html":
            raise WeightsMissing(f"{url} answers with a web page, not with a file")
        length = int(response.headers.get("Content-Length") or 0)
        if not resumed:  # the old bytes go before the new version is noted: they must never meet
            have = 0
            target.write_bytes(b"")
        wanted = size or (have + length if length else None)
        _version_file(target).write_text(_version(response), "utf-8")
        received = have + _copy(response, target, have, wanted, on_length)
    if wanted is not None and received < wanted:
        raise EOFError(f"{received} of {wanted} bytes came")


def _copy(
    response: HTTPResponse, target: Path, have: int, wanted: int | None, on_length: Callable[[int], None]
) -> int:
    """Append to the first ``have`` bytes of ``target``; returns how many bytes came."""
    received = 0
    with target.open("ab") as out:
        on_length(have)
        while block := response.read1(BLOCK):  # what has come, also if no more will
            received += len(block)
            if wanted is not None and have + received > wanted:
                break  # longer than what was published: the hash will not match either
            out.write(block)
            out.flush()  # what has come stays, whatever ends this process
            on_length(have + received)
    return received


def _left_before(target: Path) -> tuple[int, str]:
    """Bytes that an earlier transfer left and the version they belong to; (0, "") if unusable."""
    try:
        version = _version_file(target).read_text("utf-8")
        return (target.stat().st_size, version) if version else (0, "")
    except OSError:
        return 0, ""


def _version(response: HTTPResponse) -> str:
    """What identifies these very bytes at the server: a strong ETag, else the date, else nothing."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _version_file(target: Path) -> Path:
    return target.with_name(f"{target.name}.version")


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500


def _ignore(length: int) -> None:
    """Nobody wants to know."""


class SecureRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to plain http."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        """The request to follow with; an HTTPError where it would leave https."""
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.HTTPError(newurl, code, "redirected away from https", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
