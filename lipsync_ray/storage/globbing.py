"""Names by pattern, the same way on disks and in stores."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_WILD = re.compile(r"[*?[]")


def is_wild(part: str) -> bool:
    """Whether a part of a path holds ``*``, ``?`` or ``[``."""
    return _WILD.search(part) is not None


def fixed_part(pattern: str) -> tuple[str, list[str]]:
    """The folder before the first wildcard, and the parts of the pattern below it."""
    parts = pattern.split("/")
    first = next((n for n, part in enumerate(parts) if is_wild(part)), len(parts) - 1)
    return "/".join(parts[:first]), parts[first:]


def matching(paths: Iterable[str], base: str, parts: list[str]) -> list[str]:
    """The paths below ``base`` that fit, sorted. ``**`` stands for any folders; hidden names need a dot."""
    skip = len(base) + 1 if base else 0
    return sorted(path for path in paths if _fits(path[skip:].split("/"), parts))


def _fits(names: list[str], parts: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        if _fits(names, parts[1:]):
            return True
        return len(names) > 1 and not names[0].startswith(".") and _fits(names[1:], parts)
    if not names or (names[0].startswith(".") and not parts[0].startswith(".")):
        return False
    return fnmatchcase(names[0], parts[0]) and _fits(names[1:], parts[1:])
