"""The verbs about many videos: words in, an exit status out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lipsync_ray.batch.entry import Entry
from lipsync_ray.batch.globs import expand
from lipsync_ray.batch.ledger import Ledger, read_ledger
from lipsync_ray.batch.manifest import read_manifest
from lipsync_ray.batch.reports import retry as set_back
from lipsync_ray.batch.reports import status_plain, status_text
from lipsync_ray.console import emit, progress
from lipsync_ray.errors import ConfigError, ExitCode
from lipsync_ray.help import PROGRAM
from lipsync_ray.overrides import load_config, split_word
from lipsync_ray.storage.files import exists
from lipsync_ray.storage.globbing import is_wild

_EXAMPLE = f"{PROGRAM} batch manifest=backlog.jsonl out_dir=out"


def batch(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Dub a backlog."""
    own, base = _apart(words, ("manifest", "out_dir", "video", "audio", "out", "limit"))
    out_dir = _needed(own, "out_dir", "batch")
    config = load_config(["video=none", *base])
    entries = _entries(own, base, out_dir)
    if "limit" in own:
        entries = entries[: _limit(own["limit"])]
    from lipsync_ray.batch.run import Batch, run_batch
    from lipsync_ray.batch.view import BatchView

    with progress(config.log, named=True) as shown:
        summary = run_batch(
            Batch(entries=entries, base=base, config=config, out_dir=out_dir), BatchView(shown)
        )
    emit(summary.text())
    return ExitCode.SOME_FAILED if summary.quarantined or summary.failed else ExitCode.DONE


def plan(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Say what a whole backlog would take."""
    own, base = _apart(words, ("manifest", "video", "audio", "out", "out_dir", "limit", "strip"))
    config = load_config(["video=none", *base])
    entries = _entries(own, base, own.get("out_dir", "."))
    if "limit" in own:
        entries = entries[: _limit(own["limit"])]
    from lipsync_ray.batch import triage

    strips = Path(own["strip"]) if own.get("strip") else None
    if strips is not None and not strips.is_dir():
        raise ConfigError(f"strip={strips}: for many videos, name a folder that exists")
    with progress(config.log, named=True) as shown:
        judged = triage.judge_all(entries, base, config, shown, strips)
    if "--json" in flags:
        jobs = [one.to_plain() for one in judged]
        emit(json.dumps({"jobs": jobs, "totals": triage.totals(judged)}, indent=2, ensure_ascii=False))
    else:
        emit(triage.text(judged))
    return ExitCode.SOME_FAILED if any(one.triage is None for one in judged) else ExitCode.DONE


def is_many(words: Sequence[str]) -> bool:
    """Whether these words are about many videos: a manifest, or a pattern."""
    own, _ = _apart(words, ("manifest", "video", "audio"))
    video = own.get("video", "")
    pattern = is_wild(video) and not exists(video)  # names may hold brackets
    return "manifest" in own or pattern or "{video_name}" in own.get("audio", "")


def status(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Tell what has become of a backlog."""
    own, rest = _apart(words, ("out_dir",))
    _refuse_rest(rest, "status")
    rows = read_ledger(_needed(own, "out_dir", "status"))
    if "--json" in flags:
        emit(json.dumps(status_plain(rows), indent=2, ensure_ascii=False))
    else:
        emit(status_text(rows, datetime.now(UTC)))
    return ExitCode.DONE


def retry(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Let jobs of a backlog be tried again."""
    if {"--failed", "--all"} <= flags:
        raise ConfigError("--failed and --all exclude each other")
    ids = [word.partition("=")[2] for word in words if word.startswith("id=")]
    own, rest = _apart([word for word in words if not word.startswith("id=")], ("out_dir",))
    _refuse_rest(rest, "retry")
    out_dir = _needed(own, "out_dir", "retry")
    read_ledger(out_dir)  # refuses a folder that holds none
    with Ledger.open(out_dir) as ledger:
        emit(set_back(ledger, which="all" if "--all" in flags else "failed", ids=ids).text())
    return ExitCode.DONE


def _apart(words: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The verb's own words by name, and the others, which are options of jobs."""
    own: dict[str, str] = {}
    rest = []
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        if equals and name in names:
            own[name] = value
        else:
            rest.append(word)
    return own, rest


def _needed(own: dict[str, str], name: str, verb: str) -> str:
    if not own.get(name):
        example = _EXAMPLE if verb == "batch" else f"{PROGRAM} {verb} out_dir=out"
        raise ConfigError(f"{name} is missing; for example: {example}")
    return own[name]


def _entries(own: dict[str, str], base: Sequence[str], out_dir: str) -> list[Entry]:
    if "manifest" in own:
        if both := [name for name in ("video", "audio", "out") if name in own]:
            raise ConfigError(f"{both[0]}= and manifest= exclude each other: the manifest names the files")
        return read_manifest(own["manifest"], base=base, out_dir=out_dir)
    if "video" in own and "audio" in own:
        return expand(own["video"], own["audio"], own.get("out"), out_dir)
    raise ConfigError(
        "what shall be dubbed? Give manifest=FILE, or patterns such as 'video=clips/*.mp4' "
        f"'audio=dubs/{{video_name}}.wav'; for example: {_EXAMPLE}"
    )


def _limit(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"limit={text}: expected a number of jobs, 1 or more")
    return int(text)


def _refuse_rest(rest: Sequence[str], verb: str) -> None:
    for word in rest:
        split_word(word)
        raise ConfigError(
            f"{word.partition('=')[0]} is not an option of {verb}; {PROGRAM} {verb} --help tells more"
        )
