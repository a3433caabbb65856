"""Reading what strangers wrote: of the expected type and size, and with nothing in it that moves a cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
LONGEST = 200  # characters of one value


def shown(value: object, longest: int = LONGEST) -> str:
    """Anything as one short line: control characters and line breaks become spaces, the rest is cut."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(value)[: 4 * longest])
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def line(value: object, longest: int = LONGEST) -> str:
    """A text as one short line. Raises ValueError: it is no text."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value, 40)} is no text")
    return shown(value, longest)


def number(value: object) -> int:
    """A count. Raises ValueError: it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**12:
        raise ValueError(f"{shown(value, 40)} is no count")
    return value


def small_map(value: object, read: Callable[[Any], T], most: int = 100) -> dict[str, T]:
    """A mapping of few names. Raises ValueError: it is none, or has a value that ``read`` refuses."""
    if not isinstance(value, dict) or len(value) > most:
        raise ValueError("no small mapping")
    return {line(name): read(inner) for name, inner in value.items()}


def mapping(value: object) -> dict[str, Any]:
    """A mapping as it is; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The mappings in a list; none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
