"""Words of a command line (``key=value``) to a typed :class:`Config`, on top of the YAML in conf/."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import lipsync_ray
from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError
from lipsync_ray.foreign_flags import explain_foreign
from lipsync_ray.kinds import TAG, arms, describe, field_kinds, is_optional, is_text, suggest
from lipsync_ray.schema import build, find_kind, list_keys

_WORDS = {"true": True, "false": False, "null": None}
LONGEST, _LONGEST_KEY = 1000, 100  # characters of a value that Hydra's grammar reads, and of a name
HEARD = ("audio.segments", "speakers.map", "speakers.rows")  # instead of audio=FILE


def conf_dir() -> Path:
    """Folder of the YAML defaults: inside the installed package, or at the top of a checkout."""
    package = Path(lipsync_ray.__file__).resolve().parent
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConfigError(
        f"the defaults are missing: no conf/config.yaml in {package}; install lipsync_ray again"
    )


def load_config(words: Sequence[str]) -> Config:
    """Compose the defaults with ``key=value`` words and check everything.

    Text and paths are taken exactly as typed and never pass through Hydra's grammar, so any file
    name works; numbers, booleans and lists do.

    Raises:
        ConfigError: one line, for the first thing that is wrong.
    """
    pairs = [_split(words[index:]) for index in range(len(words))]
    chosen = _chosen(pairs)
    values = {  # the last one counts, however it was written
        key: _read(key, value, find_kind(Config, key, chosen)) for key, value in pairs if not _choice_of(key)
    }
    data = _compose(chosen)
    for key, value in values.items():
        _put(data, key, value)
    return build(Config, data)


def split_word(word: str) -> tuple[str, str]:
    """``key=value`` in two; ``audio=FILE`` is short for ``audio.file=FILE``.

    Raises:
        ConfigError: the word is something else; says how it should look.
    """
    key, equals, value = word.partition("=")
    if key.startswith("-"):
        name = key.lstrip("-").replace("-", "_")
        shown = f"{name}={value or 'VALUE'}"
        raise ConfigError(f"{word} is not known: options are written without dashes, as in {shown}")
    if not equals:
        raise ConfigError(f"'{word}' is not key=value{_bare_hint(word)}")
    if "\0" in word:
        raise ConfigError(f"{_shown(word)!r} holds a zero, which is no text")
    if key.startswith(("+", "~")):
        raise ConfigError(f"{word}: write {key.lstrip('+~')}=VALUE; options are neither added nor removed")
    if "_target_" in key.split("."):
        raise ConfigError(f"{key} is not an option: classes cannot be named on the command line")
    if len(key) > _LONGEST_KEY or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", key):
        raise ConfigError(f"'{_shown(key)}' is not the name of an option (in '{_shown(word)}')")
    return ("audio.file" if key == "audio" else key), value


def group_options(group: str) -> list[str]:
    """Names of the YAML files that ``group=NAME`` can choose."""
    return sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))


def _bare_hint(word: str) -> str:
    if Path(word).suffix.lower() in {".mp4", ".mov", ".mkv", ".webm", ".avi", ".png", ".jpg", ".jpeg", ".ts"}:
        return f"; did you mean video={word}? (a value with spaces needs quotes: 'video=my clip.mp4')"
    if Path(word).suffix.lower() in {".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus", ".aac"}:
        return f"; did you mean audio={word}? (a value with spaces needs quotes: 'audio=my voice.wav')"
    return f"; a value with spaces needs quotes: 'key=my {word}'"


def _split(words: Sequence[str]) -> tuple[str, str]:
    if hint := explain_foreign(words, group_options("face")):
        raise ConfigError(hint)
    return split_word(words[0])


def _choice_of(key: str) -> str:
    """The group of which ``key=NAME`` chooses the arm or the file; empty for an option."""
    group, _, leaf = key.partition(".")
    if not leaf:
        return group if (conf_dir() / group).is_dir() else ""
    return group if leaf == TAG and arms(field_kinds(Config).get(group)) else ""


def _chosen(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What the words choose for each group: the name of a file, or one that an arm takes besides."""
    chosen: dict[str, str] = {}
    for key, name in pairs:
        if group := _choice_of(key):
            _check_choice(group, name)
            chosen[group] = name
    return chosen


def _check_choice(group: str, name: str) -> None:
    kind, allowed = field_kinds(Config)[group], group_options(group)
    if arms(kind):
        build(kind, {TAG: name}, group)
    elif name not in allowed:
        keys = ", ".join(key for key in list_keys(Config) if key.startswith(f"{group}."))
        if allowed == ["default"]:
            raise ConfigError(f"{group}={name}: {group} is a group; set one of its options: {keys}")
        near = suggest(name, allowed)
        raise ConfigError(f"{group}={name}: expected one of {', '.join(allowed)}{near} (its options: {keys})")


def _read(key: str, value: str, kind: Any) -> Any:
    """The value of an option as plain data, of whatever type it was written in."""
    if not value:
        raise ConfigError(f"{key}= has no value; expected {describe(kind)}")
    if is_text(kind):
        return None if value == "null" and is_optional(kind) else value
    if value[0] in "[{" and (parsed := _json(value)) is not None:
        return parsed
    if "${" in value:
        raise ConfigError(f"{key}={_shown(value)}: expected {describe(kind)}; ${{...}} has no meaning here")
    known, plain = _plain_value(value)
    return plain if known else _parse(key, value, kind)


def _plain_value(value: str) -> tuple[bool, Any]:
    """Whether a value needs no grammar, and what it is then: Hydra's first parse takes half a second."""
    if value in _WORDS:
        return True, _WORDS[value]
    if re.fullmatch(r"[+-]?(0|[1-9]\d{0,99})", value, re.ASCII):
        return True, int(value)
    if re.fullmatch(r"[+-]?(0|[1-9]\d*)\.\d+", value, re.ASCII):
        return True, float(value)
    if re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII) and value.lower() not in (*_WORDS, "inf", "nan"):
        return True, value
    return False, None


def _json(text: str) -> Any | None:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # also of numbers with thousands of digits, and of nests
        return None


def _parse(key: str, value: str, kind: Any) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parsed = None
    # Lists without end are JSON; the grammar takes seconds and deep stacks for them.
    with suppress(HydraException, ValueError, RecursionError):
        if len(value) <= LONGEST:
            parsed = OverridesParser.create().parse_override(f"{key}={value}")
    if parsed is None or parsed.is_sweep_override():
        raise ConfigError(f"{key}={_shown(value)}: cannot be read; expected {describe(kind)}")
    return parsed.value()


def _shown(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:77]}..."


def _compose(chosen: Mapping[str, str]) -> dict[str, Any]:
    """The defaults in conf/ as plain data, with the chosen file of each group."""
    filed = {group: name for group, name in chosen.items() if name in group_options(group)}
    plain = _composed(conf_dir(), tuple(filed.items()))
    return copy.deepcopy(plain) | {group: {TAG: name} for group, name in chosen.items() if group not in filed}


@lru_cache(maxsize=64)  # a backlog composes the same few thousands of times
def _composed(folder: Path, chosen: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """What Hydra makes of the YAML files; not to be changed."""
    from lipsync_ray.plain_conf import compose_plain

    data = compose_plain(folder, dict(chosen))
    if data is None:
        data = _composed_by_hydra(folder, chosen)
    return {key: value for key, value in data.items() if value != "???"}


def _composed_by_hydra(folder: Path, chosen: Sequence[tuple[str, str]]) -> dict[str, Any]:
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    before = GlobalHydra.instance().hydra  # of a caller that uses Hydra itself
    GlobalHydra.instance().hydra = None
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(folder)):
            composed = compose("config", overrides=[f"{group}={name}" for group, name in chosen])
        data = OmegaConf.to_container(composed, resolve=False)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{folder}: {' '.join(str(error).split())}") from error
    finally:
        GlobalHydra.instance().hydra = before
    return {str(key): value for key, value in dict(data).items()}  # type: ignore[arg-type]


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    *groups, leaf = key.split(".")
    inner = data
    for group in groups:
        inner = inner.setdefault(group, {})
    inner[leaf] = value
