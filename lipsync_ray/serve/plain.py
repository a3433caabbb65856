"""JSON and text of strangers: only what can be kept and told again everywhere."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from lipsync_ray.serve.problems import Problem

_DEEPEST = 20  # lists and objects in each other
_BAD = re.compile("[\0\ud800-\udfff]")  # PostgreSQL keeps no NUL, and half a surrogate pair is no UTF-8


def read_json(text: str | bytes, name: str) -> Any:
    """The content of JSON; ``name`` is how problems call it.

    Raises:
        Problem: it is none, or ``check_plain`` refuses it.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem(422, "INVALID", f"{name} is no JSON") from None
    check_plain(content, name)
    return content


def check_plain(content: Any, name: str) -> None:
    """Refuse what JSON allows, and a database or an answer does not. Raises Problem."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str) and _BAD.search(value):
            raise Problem(422, "INVALID", f"{name} holds NUL or half a surrogate pair, which is no text")
        if isinstance(value, float) and not math.isfinite(value):
            raise Problem(422, "INVALID", f"{name} holds a number that is not finite")
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]
        if depth > _DEEPEST:
            raise Problem(422, "INVALID", f"{name} is nested more than {_DEEPEST} deep")
