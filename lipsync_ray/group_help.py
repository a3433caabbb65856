"""Help of one group of options, or of one option."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import suggest
from lipsync_ray.knobs import Group, read_groups
from lipsync_ray.option_lines import NULL, knob_lines, screen_width, wrap


def group_help(name: str, verbs: Collection[str] = ()) -> str:
    """The options of the group ``name`` (``encode``), or one option (``encode.crf``, ``out``).

    Args:
        name: a group or an option; ``encode.`` and ``encode=`` are the group as well.
        verbs: what else there is help for, in order to suggest it.

    Raises:
        ConfigError: there is neither a group nor an option of this name; names the nearest one.
    """
    wanted = name.rstrip(".=")
    groups = read_groups()
    files = [group for group in groups if group.name == wanted and wanted]
    lines = list(_group(files) if files else _option(groups, wanted))
    if lines:
        return "\n".join(lines) + "\n"
    names = list(dict.fromkeys(group.name for group in groups if group.name))
    keys = [knob.key for group in groups for knob in group.knobs]
    near = suggest(wanted, [*verbs, *names, *keys]) or f"; the groups are {', '.join(names)}"
    what = "neither a verb nor a group of options" if verbs else "no group of options"
    raise ConfigError(f"'{name}' is {what}{near}")


def _group(files: Sequence[Group]) -> Iterator[str]:
    """All of a group: what can be chosen, then the options of each choice."""
    first, width = files[0], screen_width()
    if len(files) == 1:
        yield from wrap(f"{first.name} - {first.text}", width, "")
    else:
        yield f"{first.name}=NAME chooses one of:"
        yield ""
        longest = max(len(group.option) for group in files)
        for group in files:
            told = f"{group.text} (default)" if group is first else group.text
            text = wrap(told, width, " " * (longest + 4))
            yield f"  {group.option:<{longest}}  {text[0].strip()}"
            yield from text[1:]
    for group in files:
        chosen = f" of {group.name}={group.option}" if len(files) > 1 else ""
        yield from ["", f"Options{chosen} and their defaults ({NULL}):", ""]
        for knob in group.knobs:
            yield from knob_lines(knob, width)


def _option(groups: Sequence[Group], key: str) -> Iterator[str]:
    """One option, with its default in each of its group's files."""
    group, _, leaf = key.rpartition(".")
    files = [one for one in groups if one.name == group and leaf]
    shown = [(one, knob) for one in files for knob in one.knobs if knob.key == key]
    for one, knob in shown:
        if len(shown) > 1:
            yield f"With {one.name}={one.option}:"
        yield from knob_lines(knob, screen_width())
