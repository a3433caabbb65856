"""What a command line may hold, as plain words: read once, when a completion script is printed."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lipsync_ray.config import Config
from lipsync_ray.kinds import is_optional
from lipsync_ray.knobs import Group, choices_of, read_groups
from lipsync_ray.schema import find_kind
from lipsync_ray.weights.registry import Registry

SHELLS = ("bash", "zsh", "fish")

# Words that only one verb has, besides its flags. Verbs that are not named here take the options alone.
_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "plan": ("manifest=", "strip=", "limit="),
        "speakers": ("write=", "sheet="),
        "batch": ("manifest=", "out_dir=", "limit="),
        "status": ("out_dir=",),
        "retry": ("out_dir=", "id="),
        "verify": ("sidecar=", "trust="),
        "bench": ("seconds=", "rounds="),
        "weights": ("list", "pull", "verify"),
        "completion": SHELLS,
    }
)
_WITHOUT_OPTIONS = frozenset({"status", "retry", "verify", "help", "completion"})
# Files and folders among the options that are plain text.
FILES = frozenset(
    {
        *("video", "audio", "out", "audio.drive", "engine.exp_img", "face.reference", "speakers.map"),
        *("provenance.key", "provenance.certificate", "serve.tokens_file"),
        *("manifest", "strip", "write", "sheet", "sidecar", "trust"),
    }
)
FOLDERS = frozenset(
    {"serve.data_dir", "cache.dir", "cache.copies_dir", "weights.folder", "weights.dir", "out_dir"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All words, in the order in which they are offered."""

    verbs: Mapping[str, tuple[str, ...]]  # own words of each, ``KEY=`` where a value follows
    with_options: tuple[str, ...]  # verbs that also take the options
    texts: Mapping[str, str]  # one line for each option by its key as typed: ``encode.crf``, ``audio``
    choices: Mapping[str, tuple[str, ...]]  # closed values of a key
    files: tuple[str, ...]  # keys whose value is a file
    folders: tuple[str, ...]  # keys whose value is a folder

    @property
    def groups(self) -> dict[str, list[str]]:
        """Keys by their group; those of the job itself under an empty name."""
        found: dict[str, list[str]] = {"": []}
        for key in self.texts:
            found.setdefault(key.rpartition(".")[0], []).append(key)
        return found


def read_vocabulary(verbs: Mapping[str, Iterable[str]]) -> Vocabulary:
    """Collect the words.

    Args:
        verbs: the verbs with their flags.
    """
    texts: dict[str, str] = {}
    choices: dict[str, dict[str, None]] = {}
    groups = read_groups()
    for group in groups:
        for knob in group.knobs:
            key = "audio" if knob.key == "audio.file" else knob.key
            texts.setdefault(key, knob.text)
            choices.setdefault(key, {}).update(dict.fromkeys(_values(knob.key, group)))
    files = {group: [one.option for one in groups if one.name == group] for group in _named(groups)}
    texts = {**{name: f"one of {', '.join(found)}" for name, found in files.items() if found[1:]}, **texts}
    closed = {name: tuple(found) for name, found in files.items() if found[1:]}
    closed |= {key: tuple(found) for key, found in choices.items() if found}
    registry = Registry.load()
    more = {"weights": tuple({**registry.bundles, **registry.entries}), "help": (*verbs, *files)}
    own = {
        verb: (*_OWN.get(verb, ()), *more.get(verb, ()), *sorted(flags))
        for verb, flags in {**verbs, "help": ()}.items()
    }
    return Vocabulary(
        verbs=own,
        with_options=tuple(verb for verb in own if verb not in _WITHOUT_OPTIONS),
        texts=texts,
        choices=closed,
        files=tuple(sorted(FILES)),
        folders=tuple(sorted(FOLDERS)),
    )


def _named(groups: Iterable[Group]) -> list[str]:
    return list(dict.fromkeys(group.name for group in groups if group.name))


def _values(key: str, group: Group) -> tuple[str, ...]:
    """The closed values of an option; empty where anything may stand."""
    kind = find_kind(Config, key, {group.name: group.option})
    found = ("true", "false") if bool in (kind, *typing.get_args(kind)) else choices_of(kind)
    return (*found, "null") if found and is_optional(kind) else found
