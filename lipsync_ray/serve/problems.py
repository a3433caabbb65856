"""Answers that say what went wrong, as application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from lipsync_ray.errors import (
    LipsyncError,
    ObjectMissing,
    StorageError,
    StorageRefused,
    StoreError,
)
from lipsync_ray.storage.uri import plain_text

MEDIA_TYPE = "application/problem+json"
LATER = {"Retry-After": "5"}
_LONGEST = 2000  # characters of a detail


class Problem(Exception):
    """A request that is not done, with its HTTP status and a code that programs can rely on."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


class ProblemResponse(JSONResponse):
    """A problem as an answer."""

    media_type = MEDIA_TYPE


def told(problem: Problem) -> dict[str, Any]:
    """A problem as JSON has it."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        # Names of files on a disk may be no UTF-8.
        "detail": plain_text(problem.detail[:_LONGEST]),
    }


def answer(problem: Problem) -> ProblemResponse:
    """The answer that tells a problem."""
    return ProblemResponse(told(problem), status_code=problem.status, headers=problem.headers)


def problem_of(error: LipsyncError, *hidden: str) -> Problem:
    """The problem that an error of the program is for who asked.

    Args:
        error: what was raised.
        hidden: paths of this machine, such as a job's folder, that are cut out of its text.
    """
    if isinstance(error, StoreError):
        # What a database says may name hosts and files: that is for the log.
        return Problem(
            503, error.code, "the service's database does not answer; try again later", headers=LATER
        )
    return Problem(_status(error), error.code, without(str(error), *hidden))


def without(text: str, *hidden: str) -> str:
    """A text in which folders of this machine are left out."""
    for folder in hidden:
        text = text.replace(f"{folder}/", "").replace(folder, "the service's folder")
    return text


def _status(error: LipsyncError) -> int:
    if isinstance(error, StorageRefused | ObjectMissing):
        return 422
    return 503 if isinstance(error, StorageError) else 422
