"""Engines by name, loaded when they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from lipsync_ray.engines.base import Engine, Resources
from lipsync_ray.engines.enhanced import Enhanced
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.errors import ConfigError, DependencyMissing
from lipsync_ray.storage.whole import content_hash

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "unit_selection": "lipsync_ray.engines.unit_selection.engine:UnitSelection",
        "wav2lip": "lipsync_ray.engines.wav2lip.engine:Wav2Lip",
        "lipgan": "lipsync_ray.engines.lipgan.engine:LipGan",
        "video_retalking": "lipsync_ray.engines.video_retalking.engine:VideoReTalking",
    }
)
# What sharpens an engine's mouth with enhance.name=auto: what its authors use, if anything.
_RESTORERS: Mapping[str, str] = MappingProxyType({"video_retalking": "gfpgan"})


def load_engine(name: str, settings: Any, resources: Resources) -> Engine:
    """Build the engine of this name, and the restorer that the job wants behind it.

    Weight files are found, or fetched, here; networks are loaded when they are first needed.

    Args:
        name: one of ``ENGINES``, or ``package.module:Class`` for an engine of one's own, which is built
            without settings.
        settings: the engine's own settings object.
        resources: what engines draw with.

    Raises:
        ConfigError: there is no such engine.
        DependencyMissing: it needs PyTorch, which is not installed.
        WeightsMissing, WeightsCorrupt, LicenseRefused: of its weight files.
    """
    target = ENGINES.get(name, name)
    module, _, kind = target.partition(":")
    if not kind:
        raise ConfigError(f"engine={name} is none of: {', '.join(ENGINES)}")
    try:
        made = getattr(import_module(module), kind)
    except (ImportError, AttributeError) as error:
        if name in ENGINES and getattr(error, "name", None) in ("torch", "safetensors", "h5py", "scipy"):
            raise DependencyMissing(
                f"engine={name} needs {error.name}: pip install 'lipsync-ray[neural]'"  # type: ignore[union-attr]
            ) from error
        raise ConfigError(f"engine={name} cannot be loaded: {error}") from error
    engine = made(settings, resources) if name in ENGINES else made()
    return _enhanced(engine, restorer_of(name, resources.enhance), resources)


def restorer_of(engine: str, settings: EnhanceSettings) -> str:
    """What sharpens this engine's mouths: ``none``, ``gfpgan``, ``gpen`` or ``both``."""
    return _RESTORERS.get(engine, "none") if settings.name == "auto" else settings.name


def _enhanced(engine: Engine, chosen: str, resources: Resources) -> Engine:
    # An engine may restore the mouth itself: whatever the job names would be a second time.
    alone = chosen == "none" or getattr(engine, "restores", False)
    return engine if alone else Enhanced(engine, chosen, resources)


def code_of(engine: Engine) -> str:
    """Hash of the file that defines an engine, which may lie outside this package; not of what it imports."""
    inner = engine.inner if isinstance(engine, Enhanced) else engine
    return content_hash(inspect.getfile(type(inner)))
