"""What each verb does, once its words are known to be words of that verb."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from lipsync_ray.config import Config
from lipsync_ray.console import emit, progress
from lipsync_ray.errors import ConfigError, ExitCode
from lipsync_ray.help import PROGRAM
from lipsync_ray.kinds import suggest
from lipsync_ray.overrides import HEARD, load_config
from lipsync_ray.progress import Progress
from lipsync_ray.storage.whole import atomic_path, check_folder
from lipsync_ray.weights.entry import WeightEntry
from lipsync_ray.weights.status import WeightStatus
from lipsync_ray.weights.store import WeightStore


def run(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Dub one video."""
    config = load_job(words, verb="run", needs=("video", "audio", "out"))
    from lipsync_ray.dubbing import dub

    with progress(config.log) as shown:
        result = dub(config, progress=shown)
    emit(result.text())
    return ExitCode.DONE


def plan(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Say what a dub, or many, would do."""
    from lipsync_ray.batch.verbs import is_many
    from lipsync_ray.batch.verbs import plan as plan_many

    if is_many(words):
        return plan_many(words, flags)
    words, places = _taken(words, ("strip",))
    config = load_job(words, verb="plan", needs=("video", "audio"))
    from lipsync_ray.dubbing import plan as make_plan
    from lipsync_ray.triage.text import page

    strip = _checked(config, places).get("strip")
    with progress(config.log) as shown:
        triage = make_plan(config, progress=shown, strip=strip is not None)
    if strip is not None:
        with atomic_path(strip) as path:
            path.write_bytes(triage.strip)
    emit(json.dumps(triage.to_plain(), indent=2) if "--json" in flags else page(triage))
    return ExitCode.DONE


def speakers(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Tell who is in a video, and write a first map of who says what."""
    words, places = _taken(words, ("write", "sheet"))
    config = load_job(words, verb="speakers", needs=("video",))
    from lipsync_ray.dubbing import meet
    from lipsync_ray.speakers.mapfile import write_csv
    from lipsync_ray.speakers.reading import with_rows

    written, sheet = (_checked(config, places).get(name) for name in ("write", "sheet"))
    with progress(config.log) as shown:
        found = meet(config, progress=shown, sheet=sheet is not None)
    if written is not None:
        with atomic_path(written) as path:
            path.write_text(write_csv(found.rows(with_rows(config.speakers).rows)), encoding="utf-8")
    if sheet is not None and found.sheet:
        with atomic_path(sheet) as path:
            path.write_bytes(found.sheet)
    emit(json.dumps(found.to_plain(), indent=2) if "--json" in flags else found.text())
    return ExitCode.DONE


def _checked(config: Config, places: Mapping[str, str]) -> dict[str, Path]:
    """Places of ``_taken`` as files that may be written: in a folder that exists, and no input."""
    from lipsync_ray.dubbing import check_place

    for name, place in places.items():
        check_place(config, place, f"--{name}={place}")
    return {name: check_folder(place) for name, place in places.items()}


def _taken(words: Sequence[str], names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Words without ``--NAME=PLACE``, and the places by name."""
    rest, places = [], {}
    for word in words:
        name, _, place = word.removeprefix("--").partition("=")
        if name in names:
            places[name] = place
        else:
            rest.append(word)
    return rest, places


def review(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Measure a dub that is there."""
    config = load_job(words, verb="review", needs=("video", "out"))
    from lipsync_ray.dubbing import review as measure
    from lipsync_ray.quality.text import page

    with progress(config.log) as shown:
        found = measure(config, progress=shown)
    emit(json.dumps(found.to_plain(), indent=2) if "--json" in flags else page(found))
    return ExitCode.DONE


def preview(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Draw some frames of a dub before it is made."""
    config = load_job(words, verb="preview", needs=("video", "audio", "out"))
    from lipsync_ray.dubbing import preview as make_preview

    with progress(config.log) as shown:
        made = make_preview(config, progress=shown)
    emit(made.text())
    return ExitCode.DONE


def verify(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Check a file against what it says of itself."""
    names = [word for word in words if word.partition("=")[0] not in ("sidecar", "trust", "debug")]
    given = dict(word.split("=", 1) for word in words if word not in names and "=" in word)
    if len(names) != 1 or any(not value for value in given.values()):
        raise ConfigError(f"verify takes one file; for example: {PROGRAM} verify dubbed.mp4")
    from lipsync_ray.provenance.page import page
    from lipsync_ray.provenance.verify import verify as check

    verdict = check(names[0], sidecar=given.get("sidecar"), trust=given.get("trust"))
    emit(json.dumps(verdict.to_plain(), indent=2) if "--json" in flags else page(verdict))
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
    verbs = ("list", "pull", "verify")
    if not names or names[0] not in verbs:
        given, near = (f"weights {names[0]}", suggest(names[0], verbs)) if names else ("weights", "")
        raise ConfigError(f"{given}: expected weights list, pull or verify{near}")
    chosen = store.registry.resolve(names[1:])
    with progress(config.log) as shown:
        if names[0] == "pull":
            return _weights_pull(store, chosen, shown)
        return (_weights_list if names[0] == "list" else _weights_verify)(store, chosen)


def load_job(words: Sequence[str], *, verb: str, needs: Sequence[str]) -> Config:
    """The settings of a job, complete for this verb.

    Raises:
        ConfigError: an option is wrong, or one that the verb needs is missing.
    """
    given = {word.partition("=")[0] for word in words}
    heard = given | ({"audio"} if given & {"audio.file", *HEARD} else set())
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
    rows = [("NAME", "MB", "HERE", "BUNDLE", "COMMERCIAL", "LICENCE", "FOR")]
    for status in store.status(names):
        entry = status.entry
        bundles = ",".join(store.registry.bundles_of(entry.name)) or "-"
        rows.append(
            (
                entry.name,
                _megabytes(entry),
                status.state,
                bundles,
                entry.commercial,
                entry.licence,
                entry.purpose,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        emit("  ".join(cells).rstrip())
    return ExitCode.DONE


def _megabytes(entry: WeightEntry) -> str:
    if entry.size is None:
        return f"~{entry.about / 1e6:.0f}" if entry.about else "?"
    return f"{entry.size / 1e6:.1f}" if entry.size >= 1e5 else "<0.1"


def _weights_pull(store: WeightStore, names: Sequence[str], shown: Progress) -> ExitCode:
    store.pull(names or None, shown, lambda name, path: emit(f"{name}  {path}"))
    return ExitCode.DONE


def _weights_verify(store: WeightStore, names: Sequence[str]) -> ExitCode:
    found = store.verify(names)
    for status in found:
        emit(f"{status.entry.name}  {_verdict(status)}")
    return ExitCode.FAILED if any(status.state == "corrupt" for status in found) else ExitCode.DONE


def _verdict(status: WeightStatus) -> str:
    if status.state == "corrupt":
        kind = "published" if status.entry.sha256 else "pinned"
        name = status.entry.name
        return f"WRONG  {status.path} is not the {kind} file; delete it, then: {PROGRAM} weights pull {name}"
    return f"{status.state}  {status.path or 'fetched when it is needed'}"
