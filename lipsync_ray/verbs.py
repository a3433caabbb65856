"""What each verb does, once its words are known to be words of that verb."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from lipsync_ray.config import Config
from lipsync_ray.console import emit, progress
from lipsync_ray.errors import ConfigError, ExitCode
from lipsync_ray.help import PROGRAM
from lipsync_ray.kinds import suggest
from lipsync_ray.overrides import load_config
from lipsync_ray.weights.store import WeightStatus, WeightStore


def run(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Dub one video."""
    config = load_job(words, verb="run", needs=("video", "audio", "out"))
    from lipsync_ray.dub import dub

    with progress(config.log) as shown:
        result = dub(config, progress=shown)
    emit(result.text())
    return ExitCode.DONE


def plan(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Say what a dub would do."""
    config = load_job(words, verb="plan", needs=("video", "audio"))
    from lipsync_ray.dub import plan as make_plan

    with progress(config.log) as shown:
        triage = make_plan(config, progress=shown)
    emit(json.dumps(triage.to_plain(), indent=2) if "--json" in flags else triage.text())
    return ExitCode.DONE


def doctor(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Examine this installation."""
    from lipsync_ray.doctor import examine, report

    checks = examine(_load_without_job(words))
    emit(report(checks))
    return ExitCode.FAILED if any(check.state == "broken" for check in checks) else ExitCode.DONE


def weights(words: list[str], flags: frozenset[str]) -> ExitCode:
    """List, fetch or check model files."""
    names = [word for word in words if "=" not in word]
    config = _load_without_job([word for word in words if "=" in word])
    store = config.weights.store(config.license.policy)
    verbs: dict[str, Callable[[WeightStore, Sequence[str]], ExitCode]]
    verbs = {"list": _weights_list, "pull": _weights_pull, "verify": _weights_verify}
    if not names or names[0] not in verbs:
        given, near = (f"weights {names[0]}", suggest(names[0], verbs)) if names else ("weights", "")
        raise ConfigError(f"{given}: expected weights list, pull or verify{near}")
    chosen = names[1:] or list(store.registry.entries)
    for name in chosen:
        store.registry.entry(name)
    with progress(config.log):
        return verbs[names[0]](store, chosen)


def load_job(words: Sequence[str], *, verb: str, needs: Sequence[str]) -> Config:
    """The settings of a job, complete for this verb.

    Raises:
        ConfigError: an option is wrong, or one that the verb needs is missing.
    """
    given = {word.partition("=")[0] for word in words}
    heard = given | ({"audio"} if given & {"audio.file", "audio.segments"} else set())
    config = load_config([*words, *([] if "video" in given else ["video=?"])])
    if missing := [need for need in needs if need not in heard]:
        files = {"video": "in.mp4", "audio": "dub.wav", "out": "out.mp4"}
        example = " ".join(f"{need}={files[need]}" for need in needs)
        verbs = "are" if len(missing) > 1 else "is"
        raise ConfigError(f"{' and '.join(missing)} {verbs} missing; for example: {PROGRAM} {verb} {example}")
    return config


def _load_without_job(words: Sequence[str]) -> Config:
    return load_config(["video=none", *words])  # a verb about the machine: no video is touched


def _weights_list(store: WeightStore, names: Sequence[str]) -> ExitCode:
    rows = [("NAME", "MB", "HERE", "COMMERCIAL", "LICENCE", "FOR")]
    for status in store.status():
        entry = status.entry
        if entry.name in names:
            size = f"{entry.size / 1e6:.1f}"
            rows.append((entry.name, size, status.state, entry.commercial, entry.licence, entry.purpose))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        emit("  ".join(cells).rstrip())
    return ExitCode.DONE


def _weights_pull(store: WeightStore, names: Sequence[str]) -> ExitCode:
    for name in names:
        emit(f"{name}  {store.path(name)}")
    return ExitCode.DONE


def _weights_verify(store: WeightStore, names: Sequence[str]) -> ExitCode:
    found = [status for status in store.verify() if status.entry.name in names]
    for status in found:
        emit(f"{status.entry.name}  {_verdict(status)}")
    return ExitCode.FAILED if any(status.state == "corrupt" for status in found) else ExitCode.DONE


def _verdict(status: WeightStatus) -> str:
    if status.state == "corrupt":
        return f"WRONG  {status.path} is not the published file; delete it, then: {PROGRAM} weights pull"
    return f"{status.state}  {status.path or 'fetched when it is needed'}"
