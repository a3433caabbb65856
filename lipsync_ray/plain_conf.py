"""The YAML in conf/ as Hydra composes it, for files that ask for nothing which only Hydra knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # comes with omegaconf

from lipsync_ray.knobs import GLOBAL

_ITSELF = "_self_"  # in a list of defaults: the options of the file that the list is in
_TEXT = "tag:yaml.org,2002:str"
# The one in C is not built everywhere.
_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _OnlyHydra(Exception):
    """A file holds what is read here otherwise than by Hydra, or not at all."""


def compose_plain(folder: Path, chosen: Mapping[str, str]) -> dict[str, Any] | None:
    """What Hydra makes of ``config.yaml``; None where Hydra has to be asked, for its answer or its error.

    Hydra takes a hundred times as long: as much as all imports of a run. Known here are groups of which one
    file counts, optional files named after such choices, files that set options of several groups, and
    plain values.

    Args:
        folder: with ``config.yaml`` and a folder for each group.
        chosen: the file of each group that shall not have its default.
    """
    try:
        main = _mapping(folder / "config.yaml")
        steps = main.pop("defaults", None)
        files = _files(steps, chosen)
        data: dict[str, Any] = {}
        for group, name, optional in files:
            _merge(data, _section(folder, group, name, optional) if group else _checked(main))
    except (_OnlyHydra, OSError, ValueError, RecursionError, yaml.YAMLError):
        return None
    return data


def _files(steps: object, chosen: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """Group, name and whether it may be missing, of each file in the order of the list; no group: itself."""
    if not isinstance(steps, list):
        raise _OnlyHydra
    rows = [_step(step) for step in steps]
    groups = [group for group, _, _ in rows]
    names = {group: chosen.get(group, name) for group, name, optional in rows if group and not optional}
    if not set(chosen) <= set(names) or len(set(groups)) < len(groups) or "" not in groups:
        raise _OnlyHydra
    return [
        (group, _named(name, names) if optional else names.get(group, ""), optional)
        for group, name, optional in rows
    ]


def _step(step: object) -> tuple[str, str, bool]:
    if step == _ITSELF:
        return "", "", False
    if isinstance(step, dict) and len(step) == 1:
        [(group, name)] = step.items()
        if isinstance(name, str) and (found := re.fullmatch(r"(optional )?(\w+(?:/\w+)*)", str(group))):
            return found[2], name, bool(found[1])
    raise _OnlyHydra


def _named(name: str, names: Mapping[str, str]) -> str:
    """``${preset}_${engine}`` with the names that are chosen."""
    parts = re.split(r"\$\{(\w+)\}", name)
    if not set(parts[1::2]) <= set(names) or "$" in "".join(parts[::2]):
        raise _OnlyHydra
    return "".join(names[part] if index % 2 else part for index, part in enumerate(parts))


def _section(folder: Path, group: str, name: str, optional: bool) -> dict[str, Any]:
    """Options of a file of a group, by their groups."""
    path = folder / group / f"{name}.yaml"
    if optional and not path.exists():
        return {}
    text = path.read_text("utf-8")
    everywhere = text.startswith(f"{GLOBAL}\n")
    if "@package" in text.removeprefix(GLOBAL if everywhere else ""):
        raise _OnlyHydra
    data = _checked(_read(text))
    if "defaults" in data or ("/" in group and not everywhere):
        raise _OnlyHydra
    return data if everywhere else {group: data}


def _mapping(path: Path) -> dict[str, Any]:
    text = path.read_text("utf-8")
    if "@package" in text:
        raise _OnlyHydra
    return _read(text)


class _PlainSafeLoader(_SAFE):
    """Refuses a key that is given twice, and bare text that is a number for Hydra only, such as 1e5."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        tag = super().resolve(kind, value, implicit)
        if kind is yaml.ScalarNode and implicit[0] and tag == _TEXT and _may_be_number(value):
            raise _OnlyHydra
        return tag

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) < len(node.value):
            raise _OnlyHydra
        return super().construct_mapping(node, deep=deep)


def _read(text: str) -> dict[str, Any]:
    data = yaml.load(text, _PlainSafeLoader)  # nosec B506
    if not isinstance(data, dict):
        raise _OnlyHydra
    return data


def _checked(data: dict[str, Any]) -> dict[str, Any]:
    """The same, if nothing in it is more than numbers, text and lists: no date, no reference."""
    _check(data)
    return data


def _check(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise _OnlyHydra
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif not isinstance(value, str | int | float | None) or (isinstance(value, str) and "${" in value):
        raise _OnlyHydra


def _may_be_number(text: str) -> bool:
    try:
        float(text.replace("_", ""))
    except ValueError:
        return False
    return True


def _merge(data: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Put options in their places, over earlier ones; what Hydra has rules for is left to it."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            _merge(data[key], value)
        elif key in data and (
            value == "???" or isinstance(value, dict | list) or isinstance(data[key], dict | list)
        ):
            raise _OnlyHydra
        else:
            data[key] = value
