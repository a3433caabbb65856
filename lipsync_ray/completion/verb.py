"""The verb ``completion``: print the script for a shell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lipsync_ray.completion.bash import bash_script
from lipsync_ray.completion.fish import fish_script
from lipsync_ray.completion.vocabulary import SHELLS, read_vocabulary
from lipsync_ray.completion.zsh import zsh_script
from lipsync_ray.console import emit
from lipsync_ray.errors import ConfigError, ExitCode
from lipsync_ray.help import PROGRAM
from lipsync_ray.kinds import either, suggest

_SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def completion(words: list[str], verbs: Mapping[str, Iterable[str]]) -> ExitCode:
    """Print the completion script of the shell that ``words`` name.

    Args:
        words: one of ``SHELLS``.
        verbs: the verbs with their flags.

    Raises:
        ConfigError: no shell is named, or another one.
    """
    if len(words) != 1 or words[0] not in _SCRIPTS:
        given = " ".join(["completion", *words])
        near = suggest(words[0], SHELLS) if words else f"; for example: {PROGRAM} completion bash"
        raise ConfigError(f"{given}: expected {either(SHELLS)}{near}")
    emit(_SCRIPTS[words[0]](read_vocabulary(verbs)).rstrip())
    return ExitCode.DONE
