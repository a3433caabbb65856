"""Plain data to typed dataclasses, strictly: what is not exactly right is one line that says what is."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Union

from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import (
    TAG,
    arms,
    describe,
    either,
    field_kinds,
    known_names,
    nearest,
    owners,
    pick_arm,
    suggest,
    tag_kind,
)


def build(kind: Any, value: object, key: str = "") -> Any:
    """Turn plain data (mappings, lists, numbers, text) into a value of type ``kind``.

    Knows dataclasses, choices between them (``kinds.arms``), ``Literal``, optional and other unions,
    ``list`` and ``tuple``, ``dict``, ``bool``, ``int``, ``float``, ``str``, ``Path`` and ``Fraction``.
    Nothing is guessed: ``1`` is no bool and ``"1"`` is no number.

    Args:
        kind: the wanted type.
        value: what was given.
        key: dotted name of the value, for messages.

    Raises:
        ConfigError: one line naming the key, the given value and what is allowed.
    """
    if is_dataclass(kind):
        return _build_dataclass(kind, value, key)
    if arms(kind):
        return _build_choice(kind, value, key)
    origin = typing.get_origin(kind)
    if origin is Literal:
        return _build_literal(kind, value, key)
    if origin in (Union, types.UnionType):
        return _build_union(kind, value, key)
    if origin in (list, tuple, dict) or origin is not None:
        return _build_container(kind, value, key)
    return _build_leaf(kind, value, key)


def find_kind(kind: Any, key: str, chosen: Mapping[str, str] = types.MappingProxyType({})) -> Any:
    """Type of a dotted key below the dataclass ``kind``.

    Args:
        kind: where to start.
        key: the dotted key.
        chosen: names of the arms that are chosen, by the dotted key of their choice; otherwise the first.

    Raises:
        ConfigError: no such key, or one of another arm; names the nearest ones.
    """
    found, path = kind, ""
    for part in key.split("."):
        if arms(found) and part == TAG:
            found = tag_kind(found)
            continue
        if arms(found):
            arm = pick_arm(found, chosen.get(path)) or arms(found)[0]
            if part not in field_kinds(arm):
                this = f"{path}={chosen.get(path, known_names(found)[0])}"
                raise _stranger(found, arm, this, f"{path}.{part}", list_keys(kind))
            found = arm
        if not is_dataclass(found) or part not in field_kinds(typing.cast(type, found)):
            raise ConfigError(f"{key} is not an option{suggest(key, list_keys(kind))}")
        found = field_kinds(typing.cast(type, found))[part]
        path = f"{path}.{part}" if path else part
    return found


def list_keys(kind: Any, prefix: str = "") -> list[str]:
    """Dotted names of all options below a dataclass or, each once, below all arms of a choice."""
    keys: dict[str, None] = {}
    for holder in arms(kind) or (kind,):
        for name, inner in field_kinds(holder).items():
            dotted = f"{prefix}{name}"
            deeper = is_dataclass(inner) or arms(inner)
            keys |= dict.fromkeys(list_keys(inner, f"{dotted}.") if deeper else [dotted])
    return list(keys)


def _stranger(choice: Any, arm: type, this: str, key: str, known: Sequence[str] = ()) -> ConfigError:
    """What to say about a field that the chosen arm does not have; ``this`` says which one is chosen."""
    group, _, field = key.rpartition(".")
    if having := owners(choice, field):
        return ConfigError(f"{key} belongs to {group}={either(having)}; this is {this}")
    if mine := nearest(field, {option: f"{group}.{option}" for option in field_kinds(arm)}):
        hint = f"; did you mean {mine[0]}?"
    elif field in {name.rpartition(".")[2] for name in known}:
        hint = suggest(field, known)
    elif near := nearest(field, {option: option for other in arms(choice) for option in field_kinds(other)}):
        hint = f"; did you mean {group}.{near[0]} of {group}={either(owners(choice, near[0]))}?"
    else:
        hint = suggest(key, known)
    return ConfigError(f"{key} is not an option of {this}{hint}")


def _refuse(kind: Any, value: object, key: str) -> ConfigError:
    hint = ""
    if typing.get_origin(kind) is Literal and isinstance(value, str):
        hint = suggest(value, [str(choice) for choice in typing.get_args(kind)])
    return ConfigError(f"{key}={_shown(value)}: expected {describe(kind)}{hint}")


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = str(value)
    except RecursionError:
        return "a deep nest"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _build_dataclass(kind: Any, value: object, key: str) -> Any:
    if not isinstance(value, Mapping):
        raise _refuse(kind, value, key)
    kinds = field_kinds(kind)
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in kinds:
            raise ConfigError(f"{prefix}{name} is not an option{suggest(str(name), kinds)}")
    required = [item.name for item in fields(kind) if item.default is item.default_factory is MISSING]
    missing = [name for name in required if name not in value]
    if missing:
        raise ConfigError(f"{prefix}{missing[0]} is missing")
    built = {name: build(kinds[name], inner, f"{prefix}{name}") for name, inner in value.items()}
    try:
        return kind(**built)
    except ValueError as error:
        raise ConfigError(f"{key}: {error}" if key else str(error)) from error


def _build_choice(kind: Any, value: object, key: str) -> Any:
    if not isinstance(value, Mapping):
        raise _refuse(kind, value, key)
    arm = pick_arm(kind, value.get(TAG))
    if arm is None:
        raise _refuse(tag_kind(kind), value[TAG], f"{key}.{TAG}")
    this = f"{key}={value.get(TAG, known_names(kind)[0])}"
    for field in value:
        if field not in field_kinds(arm):
            raise _stranger(kind, arm, this, f"{key}.{field}")
    return _build_dataclass(arm, value, key)


def _build_literal(kind: Any, value: object, key: str) -> Any:
    for choice in typing.get_args(kind):
        if choice == value and type(choice) is type(value):
            return choice
    raise _refuse(kind, value, key)


def _build_union(kind: Any, value: object, key: str) -> Any:
    arms = typing.get_args(kind)
    if value is None and type(None) in arms:
        return None
    others = [arm for arm in arms if arm is not type(None)]
    if len(others) == 1:
        try:
            return build(others[0], value, key)
        except ConfigError as error:
            # Only a refusal of the value itself gains from "or null"; one from deeper down names its own key.
            if str(error).startswith(f"{key}="):
                raise _refuse(kind, value, key) from None
            raise
    for arm in others:
        try:
            return build(arm, value, key)
        except ConfigError:
            continue
    raise _refuse(kind, value, key)


def _build_container(kind: Any, value: object, key: str) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if not isinstance(value, Mapping):
            raise _refuse(kind, value, key)
        return {name: build(args[1], inner, f"{key}.{name}") for name, inner in value.items()}
    if not isinstance(value, list | tuple):
        raise _refuse(kind, value, key)
    if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
        if len(value) != len(args):
            raise _refuse(kind, value, key)
        return tuple(
            build(arm, inner, f"{key}[{i}]") for i, (arm, inner) in enumerate(zip(args, value, strict=True))
        )
    items = [build(args[0], inner, f"{key}[{i}]") for i, inner in enumerate(value)]
    return items if origin is list else tuple(items)


def _build_leaf(kind: Any, value: object, key: str) -> Any:
    if kind is Any:
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
    elif kind in (str, Path) and isinstance(value, str | Path | int | float) and not isinstance(value, bool):
        return kind(str(value))  # fps: 25 in a YAML file is the text "25"
    elif kind is Fraction and isinstance(value, str | int | float | Fraction) and not isinstance(value, bool):
        # An exponent is worked out digit by digit: 1e999999999 would take all memory.
        if re.fullmatch(r"[+-]?[\d_.]{1,40}(/\d{1,40}|[eE][+-]?\d{1,3})?", str(value).strip(), re.ASCII):
            with suppress(ValueError, ZeroDivisionError):
                return Fraction(str(value))
    elif kind in (bool, int, type(None)) and type(value) is kind:
        return value
    raise _refuse(kind, value, key)
