"""Engines by name, loaded when they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from lipsync_ray.engines.base import Engine
from lipsync_ray.errors import ConfigError
from lipsync_ray.media.storage import content_hash

ENGINES: Mapping[str, str] = MappingProxyType(
    {"unit_selection": "lipsync_ray.engines.unit_selection.engine:UnitSelection"}
)


def load_engine(name: str, settings: Any = None) -> Engine:
    """Build the engine of this name; ``settings`` is its own settings object (None: defaults).

    ``name`` may also be ``package.module:Class``, for an engine of one's own, which is built without any.

    Raises:
        ConfigError: there is no such engine.
    """
    target = ENGINES.get(name, name)
    module, _, kind = target.partition(":")
    if not kind:
        raise ConfigError(f"engine={name} is none of: {', '.join(ENGINES)}")
    try:
        made = getattr(import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"engine={name} cannot be loaded: {error}") from error
    return made() if settings is None or name not in ENGINES else made(settings)


def code_of(engine: Engine) -> str:
    """Hash of the file that defines an engine, which may lie outside this package; not of what it imports."""
    return content_hash(inspect.getfile(type(engine)))
