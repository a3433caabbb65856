"""Descriptions of problems for OpenAPI."""

from __future__ import annotations

from typing import Any

from lipsync_ray.serve.api.models import ProblemShown
from lipsync_ray.serve.problems import MEDIA_TYPE

_ABOUT = {
    401: "no token, or one that is not known",
    403: "a name that the service is not known by, or a page of another site",
    404: "there is no such job of the token's owner, or nothing of this kind (yet)",
    405: "not with this method",
    408: "the upload is too slow",
    409: "not in this state, or while a request with the same key is on its way",
    413: "too large",
    415: "the body is of another type",
    416: "the range lies outside the file",
    422: "something in the request is wrong; code and detail say what",
    429: "too many requests or uploads, or a quota is used up",
    500: "a mistake of the service",
    503: "the queue is full, too many upload, or the database does not answer",
    507: "the disk is full",
}
ALWAYS = (403, 429, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers and those that every route may give, for ``responses=``."""
    schema = {"$ref": f"#/components/schemas/{ProblemShown.__name__}"}
    return {
        status: {"description": _ABOUT[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({*statuses, *ALWAYS})
    }
