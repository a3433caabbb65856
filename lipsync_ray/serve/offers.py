"""What a service offers: engines, presets, options, limits."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

from lipsync_ray.config import Config, EngineSettings
from lipsync_ray.kinds import arms, describe, pick_arm
from lipsync_ray.knobs import Group, explain, read_groups
from lipsync_ray.schema import find_kind
from lipsync_ray.serve.allowed import allowed_options
from lipsync_ray.serve_settings import ServeSettings

CONTAINERS = ("mp4", "mov", "mkv")
KINDS = ("dub", "triage", "preview")
_WITHOUT_NETWORKS = ("unit_selection",)
_LIMITS = (
    *("max_mb", "max_seconds", "max_megapixels", "quota_queued", "quota_seconds", "quota_mb", "keep_days"),
)


def offers(settings: ServeSettings, *, auth: bool, consent: bool) -> dict[str, Any]:
    """All of it, as JSON has it."""
    groups = read_groups()
    return {
        "engines": [_engine(name, groups) for name in settings.engines],
        "presets": [{"name": g.option, "about": g.text} for g in groups if g.name == "preset"],
        "containers": list(CONTAINERS),
        "kinds": list(KINDS),
        "limits": {name: getattr(settings, name) for name in _LIMITS},
        "options": list(_options(groups, settings)),
        "auth": auth,
        "consent": consent,
        "uris": bool(settings.inputs),
        "callbacks": bool(settings.callbacks),
    }


def _engine(name: str, groups: list[Group]) -> dict[str, Any]:
    about = next((group.text for group in groups if (group.name, group.option) == ("engine", name)), "")
    if name in _WITHOUT_NETWORKS or importlib.util.find_spec("torch") is not None:
        return {"name": name, "about": about, "ready": True, "why": ""}
    return {"name": name, "about": about, "ready": False, "why": "PyTorch is not installed on this machine"}


def _options(groups: list[Group], settings: ServeSettings) -> Iterator[dict[str, Any]]:
    allowed = set(allowed_options())
    told: set[tuple[str, str]] = set()
    for group in groups:
        engine = group.option if group.name == "engine" else None
        if engine is not None and engine not in settings.engines:
            continue
        for knob in group.knobs:
            key = (knob.key, engine or "")
            if knob.key not in allowed or key in told:
                continue
            told.add(key)
            chosen = (
                {"engine": engine}
                if engine and pick_arm(EngineSettings, engine) in arms(EngineSettings)
                else {}
            )
            yield {
                "name": knob.key,
                "type": describe(find_kind(Config, knob.key, chosen)),
                "default": knob.default,
                "choices": list(knob.choices),
                "about": explain(knob),
                "engine": engine,
            }
