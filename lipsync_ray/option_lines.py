"""How options are laid out on a screen."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator

from lipsync_ray.knobs import Group, Knob, explain

NULL = "null: nothing chosen"  # what a default says that is none


def screen_width() -> int:
    """Columns to fill with text."""
    return max(60, min(shutil.get_terminal_size().columns, 110))


def knob_lines(knob: Knob, width: int) -> Iterator[str]:
    """An option with its default on the left, what it does on the right."""
    shown = f"  {_typed(knob)}"
    indent = " " * 34
    text = wrap(explain(knob), width, indent)
    if len(shown) < len(indent) - 1:
        yield shown.ljust(len(indent)) + text[0].strip()
        yield from text[1:]
    else:
        yield shown
        yield from text


def wrap(text: str, width: int, indent: str) -> list[str]:
    """A text in lines that begin with ``indent``."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent or "  ")


def option_lines(groups: Iterable[Group]) -> Iterator[str]:
    """The options of groups, each group under its name."""
    width = screen_width()
    for group in groups:
        yield from ["", *wrap(_title(group), width, "")]
        for knob in group.knobs:
            yield from knob_lines(knob, width)


def _title(group: Group) -> str:
    if not group.name:
        return f"{group.text}:"
    chosen = "" if group.option == "default" else f"={group.option}"
    return f"{group.name}{chosen} - {group.text}:"


def _typed(knob: Knob) -> str:
    key = "audio" if knob.key == "audio.file" else knob.key
    return f"{key}=..." if knob.default == "???" else f"{key}={knob.default}"
