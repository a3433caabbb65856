"""Every option with its default and its text, as the comments of conf/ tell them."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One option as help shows it."""

    key: str  # dotted, as typed
    default: str  # as YAML writes it
    text: str  # one line: what it does
    choices: tuple[str, ...]  # closed choices, if that is what it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A YAML file of conf/ as help shows it."""

    name: str  # "" for config.yaml
    option: str  # name of the file: what group=NAME chooses
    text: str
    knobs: tuple[Knob, ...]


_COMMENT = re.compile(r"^#\s*(.*)$")
GLOBAL = "# @package _global_"  # first line of a file that sets options of several groups: a preset
_SECTION = re.compile(r"^(\w+):$")
_KNOB = re.compile(r"^\s*(\w+):\s*(.*?)\s*#\s(.*)$")
_BARE = re.compile(r"^\s*(\w+):\s*(\S+)\s*$")


def read_groups() -> list[Group]:
    """All groups of options in the order in which config.yaml lists them, the job's own first.

    A group of several files has one entry for each, the one that is chosen by default first.
    """
    from lipsync_ray.overrides import conf_dir

    main = conf_dir() / "config.yaml"
    order = re.findall(r"^\s+- (\w+): (\w+)", main.read_text("utf-8"), re.MULTILINE)
    groups = [_read_group(main, "")]
    for name, chosen in order:
        files = sorted((conf_dir() / name).glob("*.yaml"), key=lambda path: (path.stem != chosen, path.stem))
        groups += [_read_group(path, name) for path in files]
    return groups


def explain(knob: Knob) -> str:
    """What an option does, with its choices where the text does not name them all."""
    if all(choice in knob.text for choice in knob.choices):
        return knob.text
    return f"{knob.text} ({', '.join(knob.choices)})"


def _read_group(path: Path, name: str) -> Group:
    from lipsync_ray.config import Config
    from lipsync_ray.schema import find_kind

    text: list[str] = []
    knobs: list[Knob] = []
    lines = path.read_text("utf-8").splitlines()
    sections, section = lines[0] == GLOBAL, name
    for line in lines[sections:]:
        if (comment := _COMMENT.match(line)) and not knobs:
            text.append(comment[1])
        elif sections and (header := _SECTION.match(line)):
            section = header[1]
        elif (knob := _KNOB.match(line)) or (knob := _BARE.match(line)):
            about = knob[3] if knob.re is _KNOB else ""
            key = f"{section}.{knob[1]}" if section else knob[1]
            choices = choices_of(find_kind(Config, key, {name: path.stem}))
            knobs.append(Knob(key=key, default=knob[2].strip('"'), text=about, choices=choices))
    shown = tuple(knob for knob in knobs if knob.text)
    return Group(name=name, option=path.stem, text=" ".join(text), knobs=shown)


def choices_of(kind: Any) -> tuple[str, ...]:
    """Words that an option of this type takes, as far as they are a closed list."""
    if typing.get_origin(kind) is Literal:
        return tuple(str(choice) for choice in typing.get_args(kind))
    return tuple(choice for arm in typing.get_args(kind) for choice in choices_of(arm))
