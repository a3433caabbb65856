"""Values of Python as words of the command line (``key=value``), so that both are read by the same rules."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import TAG, arms, field_kinds, suggest


def text_of(key: str, value: object) -> str:
    """A value as it would be typed behind ``key=``.

    Raises:
        ConfigError: it is of a type that no option has.
    """
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)  # tables turn 20 into 20.0
    if isinstance(value, list | tuple | Mapping):
        try:
            return json.dumps(value, ensure_ascii=False, default=_plain)
        except TypeError:
            pass
    raise ConfigError(f"{key}: a {type(value).__name__} is not read; write text, a number or a list")


def option_words(options: Mapping[str, object]) -> Iterator[str]:
    """Words of single options by their dotted names."""
    for key, value in options.items():
        yield f"{key}={text_of(key, value)}"


def group_words(groups: Mapping[str, object]) -> Iterator[str]:
    """Words of whole groups, each given as its settings: every option of a group, also those left at default.

    Raises:
        ConfigError: there is no such group, or its settings are of another class.
    """
    kinds = field_kinds(Config)
    for group, settings in groups.items():
        kind = kinds.get(group)
        wanted = arms(kind) or ((kind,) if isinstance(kind, type) and is_dataclass(kind) else ())
        if not wanted:
            raise ConfigError(f"{group} is no group of options{suggest(group, kinds)}")
        if type(settings) not in wanted:
            names = " or ".join(one.__name__ for one in wanted)
            raise ConfigError(
                f"{group}: expected {names}, not {type(settings).__name__}; "
                f"options={{'{group}.NAME': ...}} sets single options"
            )
        values = {name: getattr(settings, name) for name in field_kinds(type(settings))}
        if arms(kind):
            yield f"{group}={values.pop(TAG)}"
        yield from option_words({f"{group}.{name}": value for name, value in values.items()})


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value) if isinstance(value, os.PathLike | Fraction) else _refuse(value)


def _refuse(value: object) -> Any:
    raise TypeError(type(value).__name__)
