"""Server-sent events of a job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event with data."""

    id: str
    data: Any


def events(lines: Iterable[str]) -> Iterator[Event]:
    """The events ``job`` in the lines of a stream; comments and others are passed over."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if fields.get("event") == ["job"] and "data" in fields:
            yield Event(id=fields.get("id", [""])[-1], data=json.loads("\n".join(fields["data"])))
        fields = {}
