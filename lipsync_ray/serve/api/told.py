"""Descriptions of problems for OpenAPI."""

from __future__ import annotations

from typing import Any

from lipsync_ray.serve.api.models import ProblemShown
from lipsync_ray.serve.problems import MEDIA_TYPE, Problem, told

# What each status means, and the code and words of one of its problems.
_ABOUT = {
    401: (
        *("no token, or one that is not known", "UNAUTHORIZED"),
        "send a token: Authorization: Bearer TOKEN",
    ),
    403: (
        *("a name that the service is not known by, or a page of another site", "ORIGIN"),
        "a page of another site may not change anything here",
    ),
    404: (
        *("there is no such job of the token's owner, or nothing of this kind (yet)", "NOT_FOUND"),
        "there is no such job of yours",
    ),
    408: (
        *("the upload is too slow", "SLOW"),
        "the upload is too slow, or takes too long; nothing of it was kept",
    ),
    409: (
        *("not in this state, or while a request with the same key is on its way", "GOES_ON"),
        "the job goes on: cancel it first",
    ),
    413: ("too large", "TOO_LARGE", "the files of a job may have 2000 MB together"),
    415: (
        *("the body is of another type", "MEDIA_TYPE"),
        "send multipart/form-data with files, or application/json",
    ),
    416: ("the range lies outside the file", "RANGE", "the file has 51200133 bytes"),
    422: (
        *("something in the request is wrong; code and detail say what", "LIMIT"),
        "interview.mp4 has 5400 s; 3600 s are the most that is taken",
    ),
    429: (
        *("too many requests or uploads, or a quota is used up", "RATE_LIMITED"),
        "too many requests; wait a little",
    ),
    500: (
        *("a mistake of the service", "INTERNAL"),
        "something went wrong here; the service's log has it under 5f2d9c01ab34e677",
    ),
    503: (
        *("the queue is full, too many upload, or the database does not answer", "QUEUE_FULL"),
        "1000 jobs wait already; try again later",
    ),
    507: ("the disk is full", "DISK_FULL", "the service has no room for this upload; try again later"),
}
ALWAYS = (403, 429, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers and those that every route may give, for ``responses=``."""
    return {status: _answer(status) for status in sorted({*statuses, *ALWAYS})}


def _answer(status: int) -> dict[str, Any]:
    about, code, detail = _ABOUT[status]
    content = {
        "schema": {"$ref": f"#/components/schemas/{ProblemShown.__name__}"},
        "example": told(Problem(status, code, detail)),
    }
    return {"description": about, "content": {MEDIA_TYPE: content}}
