"""Plain data to typed dataclasses, strictly: what is not exactly right is one line that says what is."""

from __future__ import annotations

import difflib
import functools
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Union

from lipsync_ray.errors import ConfigError


def build(kind: Any, value: object, key: str = "") -> Any:
    """Turn plain data (mappings, lists, numbers, text) into a value of type ``kind``.

    Knows dataclasses, ``Literal``, optional and other unions, ``list`` and ``tuple``, ``dict``, ``bool``,
    ``int``, ``float``, ``str``, ``Path`` and ``Fraction``. Nothing is guessed: ``1`` is no bool and
    ``"1"`` is no number.

    Args:
        kind: the wanted type.
        value: what was given.
        key: dotted name of the value, for messages.

    Raises:
        ConfigError: one line naming the key, the given value and what is allowed.
    """
    if is_dataclass(kind):
        return _build_dataclass(kind, value, key)
    origin = typing.get_origin(kind)
    if origin is Literal:
        return _build_literal(kind, value, key)
    if origin in (Union, types.UnionType):
        return _build_union(kind, value, key)
    if origin in (list, tuple, dict) or origin is not None:
        return _build_container(kind, value, key)
    return _build_leaf(kind, value, key)


@functools.cache
def field_kinds(kind: type) -> Mapping[str, Any]:
    """Field names of a dataclass with their resolved types, in order."""
    hints = typing.get_type_hints(kind)
    return types.MappingProxyType({item.name: hints[item.name] for item in fields(kind)})


def find_kind(kind: Any, key: str) -> Any:
    """Type of a dotted key below the dataclass ``kind``.

    Raises:
        ConfigError: no such key; names the nearest ones.
    """
    found = kind
    for part in key.split("."):
        if not is_dataclass(found) or part not in field_kinds(typing.cast(type, found)):
            raise ConfigError(f"{key} is not an option{suggest(key, list_keys(kind))}")
        found = field_kinds(typing.cast(type, found))[part]
    return found


def list_keys(kind: Any, prefix: str = "") -> list[str]:
    """Dotted names of all options below a dataclass."""
    keys: list[str] = []
    for name, inner in field_kinds(kind).items():
        dotted = f"{prefix}{name}"
        keys += list_keys(inner, f"{dotted}.") if is_dataclass(inner) else [dotted]
    return keys


def suggest(given: str, allowed: Iterable[str]) -> str:
    """``; did you mean X?`` when something allowed is near, else nothing."""
    known = list(allowed)
    near = [key for key in known if key.rpartition(".")[2] == given]  # crf -> encode.crf
    if not near:
        group, _, leaf = given.rpartition(".")
        same = {key.rpartition(".")[2]: key for key in known if key.rpartition(".")[0] == group}
        anywhere = {key.rpartition(".")[2]: key for key in known}
        near = (
            _nearest(leaf, same) or _nearest(given, {key: key for key in known}) or _nearest(leaf, anywhere)
        )
    return f"; did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""


def _nearest(given: str, names: Mapping[str, str]) -> list[str]:
    return [names[name] for name in difflib.get_close_matches(given, names, n=1, cutoff=0.6)]


def is_text(kind: Any) -> bool:
    """Whether a value of this type is taken exactly as typed: text, paths and closed choices of words."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return all(isinstance(choice, str) for choice in typing.get_args(kind))
    if origin in (Union, types.UnionType):
        arms = [arm for arm in typing.get_args(kind) if arm is not type(None)]
        return all(is_text(arm) for arm in arms)
    return kind in (str, Path, Fraction)


def is_optional(kind: Any) -> bool:
    """Whether null is a value of this type."""
    return typing.get_origin(kind) in (Union, types.UnionType) and type(None) in typing.get_args(kind)


def describe(kind: Any) -> str:
    """What is allowed, in words: ``a whole number or null``."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return ("one of " if len(args) > 1 else "") + ", ".join(str(choice) for choice in args)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(arm) for arm in args)
    if origin is list:
        return f"a list of {_plural(args[0])}"
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return f"a list of {_plural(args[0])}"
        return "[" + ", ".join(describe(arm) for arm in args) + "]"
    if origin is dict:
        return "a mapping"
    if is_dataclass(kind):
        return "{" + ", ".join(field_kinds(typing.cast(type, kind))) + "}"
    return _WORDS.get(kind, str(kind))


_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    Fraction: "a number or a fraction such as 30000/1001",
    type(None): "null",
}
_PLURALS = {int: "whole numbers", float: "numbers", str: "texts", Path: "paths"}


def _plural(kind: Any) -> str:
    return _PLURALS.get(kind, describe(kind))


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
    text = str(value)
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
        try:
            return Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            pass
    elif kind in (bool, int, type(None)) and type(value) is kind:
        return value
    raise _refuse(kind, value, key)
