"""Words of a command line (``key=value``) to a typed :class:`Config`, on top of the YAML in conf/."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lipsync_ray
from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError
from lipsync_ray.schema import build, describe, find_kind, is_optional, is_text, list_keys, suggest


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
    name works; numbers, booleans, lists and the choice of a group do.

    Raises:
        ConfigError: one line, for the first thing that is wrong.
    """
    hydra_words: list[str] = []
    verbatim: dict[str, Any] = {}
    for word in words:
        key, value = split_word(word)
        if _is_group(key):
            hydra_words.append(_choose(key, value))
            continue
        kind = find_kind(Config, key)
        if not value:
            raise ConfigError(f"{key}= has no value; expected {describe(kind)}")
        if is_text(kind):
            verbatim[key] = None if value == "null" and is_optional(kind) else value
        elif value[0] in "[{" and (parsed := _json(value)) is not None:
            verbatim[key] = parsed
        elif "${" in value:
            raise ConfigError(f"{key}={value}: expected {describe(kind)}; ${{...}} has no meaning here")
        else:
            verbatim.pop(key, None)  # the last one counts, however it was written
            _check_value(key, value, kind)
            hydra_words.append(f"{key}={value}")
    data = _compose(hydra_words)
    for key, value in verbatim.items():
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
    if key.startswith(("+", "~")):
        raise ConfigError(f"{word}: write {key.lstrip('+~')}=VALUE; options are neither added nor removed")
    if "_target_" in key.split("."):
        raise ConfigError(f"{key} is not an option: classes cannot be named on the command line")
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", key):
        raise ConfigError(f"'{key}' is not the name of an option (in '{word}')")
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


def _is_group(key: str) -> bool:
    return "." not in key and (conf_dir() / key).is_dir()


def _choose(group: str, option: str) -> str:
    allowed = group_options(group)
    if option not in allowed:
        keys = ", ".join(key for key in list_keys(Config) if key.startswith(f"{group}."))
        if allowed == ["default"]:
            raise ConfigError(f"{group}={option}: {group} is a group; set one of its options: {keys}")
        near = suggest(option, allowed)
        raise ConfigError(
            f"{group}={option}: expected one of {', '.join(allowed)}{near} (its options: {keys})"
        )
    return f"{group}={option}"


def _json(text: str) -> Any | None:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _check_value(key: str, value: str, kind: Any) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_override(f"{key}={value}")
    except HydraException:
        parsed = None
    if parsed is None or parsed.is_sweep_override():
        raise ConfigError(f"{key}={value}: cannot be read; expected {describe(kind)}")


def _compose(words: Sequence[str]) -> dict[str, Any]:
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
            composed = compose("config", overrides=list(words))
        data = OmegaConf.to_container(composed, resolve=False)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{conf_dir()}: {' '.join(str(error).split())}") from error
    return {str(key): value for key, value in dict(data).items() if value != "???"}  # type: ignore[arg-type]


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    *groups, leaf = key.split(".")
    inner = data
    for group in groups:
        inner = inner.setdefault(group, {})
    inner[leaf] = value
