"""The OpenAPI document, with what FastAPI cannot find out by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from lipsync_ray.serve.api import models
from lipsync_ray.serve.api.models import ProblemShown, Wish, WishForm

_METHODS = ("get", "head", "post", "delete")


def described(app: FastAPI, *, auth: bool) -> None:
    """Let ``app.openapi()`` tell all shapes of bodies, and problems instead of FastAPI's own errors.

    Args:
        app: with all its routes.
        auth: whether tokens are needed; the description of an open service must not ask for them.
    """
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        components = document.setdefault("components", {})
        shapes = components.setdefault("schemas", {})
        if not auth:
            components.pop("securitySchemes", None)
        for model in (ProblemShown, Wish, WishForm):
            shape = model.model_json_schema(ref_template="#/components/schemas/{model}")
            shape.pop("$defs", None)
            shapes[model.__name__] = shape
        for name in ("HTTPValidationError", "ValidationError"):
            shapes.pop(name, None)
        for name, shape in shapes.items():  # FastAPI leaves out what is null, of examples too
            shape["examples"] = getattr(models, name).model_config["json_schema_extra"]["examples"]
        for path in document["paths"].values():
            for method in _METHODS:
                if method in path:
                    _tell(path[method], auth)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _tell(operation: dict[str, Any], auth: bool) -> None:
    """Name the header that every answer has, and no token where none is asked for."""
    if not auth:
        operation.pop("security", None)
    if operation["responses"].get("422", {}).get("description") == "Validation Error":
        del operation["responses"]["422"]  # FastAPI's own, where no parameter can be wrong
    for told in operation["responses"].values():
        told.setdefault("headers", {})["X-Request-ID"] = {
            "description": "names the request in the service's log",
            "schema": {"type": "string"},
        }
