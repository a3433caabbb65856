"""The OpenAPI document, with what FastAPI cannot find out by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from lipsync_ray.serve.api.models import ProblemShown, Wish, WishForm

_METHODS = ("get", "head", "post", "delete")


def described(app: FastAPI) -> None:
    """Let ``app.openapi()`` tell all shapes of bodies, and problems instead of FastAPI's own errors."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        shapes = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (ProblemShown, Wish, WishForm):
            shape = model.model_json_schema(ref_template="#/components/schemas/{model}")
            shape.pop("$defs", None)
            shapes[model.__name__] = shape
        for name in ("HTTPValidationError", "ValidationError"):
            shapes.pop(name, None)
        for path in document["paths"].values():
            for method in _METHODS:
                if method in path:
                    _headers(path[method], document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _headers(operation: dict[str, Any], document: dict[str, Any]) -> None:
    """Name the header that every answer has."""
    for told in operation["responses"].values():
        told.setdefault("headers", {})["X-Request-ID"] = {
            "description": "names the request in the service's log",
            "schema": {"type": "string"},
        }
