"""Types of options: what their fields are, what they take in words, and which ones can be chosen between."""

from __future__ import annotations

import difflib
import functools
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Union

TAG = "name"  # the field by which the arms of a choice are told apart


@functools.cache
def field_kinds(kind: type) -> Mapping[str, Any]:
    """Field names of a dataclass with their resolved types, in order."""
    hints = typing.get_type_hints(kind)
    return types.MappingProxyType({item.name: hints[item.name] for item in fields(kind)})


def arms(kind: Any) -> tuple[type, ...]:
    """The dataclasses that a value of this type is one of, told apart by their field ``name``.

    A choice is a union of dataclasses that all have that field. Where it is a ``Literal``, the arm takes
    those names; at most one arm has plain text there and takes every other name. Empty for all other types.
    """
    members = typing.get_args(kind) if _is_union(kind) else ()
    tagged = all(is_dataclass(member) and TAG in field_kinds(typing.cast(type, member)) for member in members)
    return members if tagged else ()


def arm_names(arm: type) -> tuple[str, ...]:
    """Names that an arm takes; empty for the one that takes every other name."""
    kind = field_kinds(arm)[TAG]
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def known_names(choice: Any) -> tuple[str, ...]:
    """Names that the arms of a choice list, in order."""
    return tuple(name for arm in arms(choice) for name in arm_names(arm))


def pick_arm(choice: Any, name: object) -> type | None:
    """The arm of a choice that takes this name, the first one for None; None when none does."""
    members = arms(choice)
    if name is None:
        return members[0]
    free = next((arm for arm in members if not arm_names(arm)), None)
    return next((arm for arm in members if name in arm_names(arm)), free)


def tag_kind(choice: Any) -> Any:
    """Type of the field ``name`` over all arms of a choice."""
    free = any(not arm_names(arm) for arm in arms(choice))
    listed: Any = Literal[known_names(choice)]
    return listed | str if free else listed


def owners(choice: Any, field: str) -> list[str]:
    """Names of the arms of a choice that have a field."""
    return [name for arm in arms(choice) if field in field_kinds(arm) for name in arm_names(arm)]


def suggest(given: str, allowed: Iterable[str]) -> str:
    """``; did you mean X?`` when something allowed is near, else nothing."""
    known = list(allowed)
    near = [key for key in known if key.rpartition(".")[2] == given]  # crf -> encode.crf
    if not near:
        group, _, leaf = given.rpartition(".")
        same = {key.rpartition(".")[2]: key for key in known if key.rpartition(".")[0] == group}
        anywhere = {key.rpartition(".")[2]: key for key in known}
        near = nearest(leaf, same) or nearest(given, {key: key for key in known}) or nearest(leaf, anywhere)
    return f"; did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""


def nearest(given: str, names: Mapping[str, str]) -> list[str]:
    """What the name most like the given one stands for; empty when none is near."""
    return [names[name] for name in difflib.get_close_matches(given, names, n=1, cutoff=0.6)]


def either(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return " or ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def is_text(kind: Any) -> bool:
    """Whether a value of this type is taken exactly as typed: text, paths and closed choices of words."""
    if typing.get_origin(kind) is Literal:
        return all(isinstance(choice, str) for choice in typing.get_args(kind))
    if _is_union(kind):
        return all(is_text(arm) for arm in typing.get_args(kind) if arm is not type(None))
    return kind in (str, Path, Fraction)


def is_optional(kind: Any) -> bool:
    """Whether null is a value of this type."""
    return _is_union(kind) and type(None) in typing.get_args(kind)


def describe(kind: Any) -> str:
    """What is allowed, in words: ``a whole number or null``."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return ("one of " if len(args) > 1 else "") + ", ".join(str(choice) for choice in args)
    if arms(kind):
        return f"the settings of {either(known_names(kind))}"
    if _is_union(kind):
        return " or ".join(describe(arm) for arm in args)
    if origin is list or (origin is tuple and len(args) == 2 and args[1] is Ellipsis):
        return f"a list of {_plural(args[0])}"
    if origin is tuple:
        if len(args) > 2 and len(set(args)) == 1:
            return f"a list of {len(args)} {_plural(args[0])}"
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


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (Union, types.UnionType)
