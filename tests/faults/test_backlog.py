"""A long backlog with poison in it, on nodes of which one dies."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from lipsync_ray.batch.ledger import read_ledger
from lipsync_ray.batch.row import Row
from tests.faults.driver import Events
from tests.faults.files import PORTRAIT, Home, digest, make_clip, make_sound
from tests.faults.nodes import Nodes

JOBS = 200
ENGINE = "engine=tests.faults.engines:Moody"
Jobs = dict[str, tuple[Path, Path]]  # video and sound by id


def make_good(home: Home, count: int) -> Jobs:
    """Videos that can be dubbed, of three kinds, under as many names; with their sounds."""
    clips = [make_clip(home.inputs / f"{frames}.mp4", frames) for frames in (5, 8)]
    still = home.inputs / "0.png"
    shutil.copy(PORTRAIT, still)
    sounds = [make_sound(home.inputs / f"{n}.wav", 0.2, after=n) for n in range(2)]
    kinds, jobs = [*clips, still], {}
    for number in range(count):
        source = kinds[number % 3]
        video = home.inputs / f"good-{number:03d}{source.suffix}"
        shutil.copy(source, video)
        jobs[f"{source.stem}-{number % 2}-{number:03d}"] = (video, sounds[number % 2])
    return jobs


def make_poison(home: Home) -> dict[str, tuple[str, Path, Path]]:
    """What cannot be dubbed: the code that it is refused with, video and sound."""
    clip, sound = home.inputs / "5.mp4", home.inputs / "0.wav"
    made = {
        name: home.inputs / f"{name}.mp4"
        for name in ("torn", "short", "text", "empty", "dark", "crash", "raise")
    }
    data = make_clip(home.inputs / "long.mp4", 30).read_bytes()
    made["torn"].write_bytes(data[: len(data) // 2])
    made["short"].write_bytes(data[:100])
    made["text"].write_text("this is no video\n" * 100)
    made["empty"].touch()
    make_clip(made["dark"], 5, size=16)
    for name in ("crash", "raise"):
        shutil.copy(clip, made[name])
    noise = home.inputs / "noise.wav"
    noise.write_text("no sound")
    codes = {"dark": "FACE_NONE", "crash": "WORKER_DIED", "raise": "TASK_FAILED"}
    poison = {name: (codes.get(name, "VIDEO_UNREADABLE"), path, sound) for name, path in made.items()}
    return poison | {
        "absent": ("VIDEO_UNREADABLE", home.inputs / "absent.mp4", sound),
        "deaf": ("AUDIO_UNREADABLE", clip, noise),
        "mute": ("AUDIO_UNREADABLE", clip, home.inputs / "absent.wav"),
    }


def write_manifest(path: Path, jobs: Jobs) -> Path:
    rows = ({"id": name, "video": str(video), "audio": str(sound)} for name, (video, sound) in jobs.items())
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def interleaved(good: Jobs, bad: Jobs) -> Jobs:
    """Poison spread over the backlog."""
    jobs, poison = {}, list(bad.items())
    for number, (name, files) in enumerate(good.items()):
        jobs[name] = files
        if poison and number % 15 == 7:
            jobs.update([poison.pop()])
    return jobs | dict(poison)


def touched(home: Home) -> dict[Path, int]:
    """All files of the outputs, and when they were written."""
    return {path: path.stat().st_mtime_ns for path in home.out.rglob("*") if path.is_file()}


def check_consistent(home: Home, rows: Sequence[Row], poison: dict[str, str]) -> None:
    """Ledger, files and summary tell the same."""
    assert Counter(row.state for row in rows) == {"done": JOBS - len(poison), "quarantined": len(poison)}
    assert {row.id: row.code for row in rows if row.state != "done"} == poison
    made = {path.stem for path in (home.out / "videos").iterdir() if path.suffix == ".mp4"}
    assert made == {row.id for row in rows if row.state == "done"}
    summary = json.loads((home.out / "summary.json").read_text())
    assert summary["states"]["done"] == JOBS - len(poison)
    assert summary["states"]["quarantined"] == len(poison)
    by_source = defaultdict(set)
    for row in rows:
        if row.state == "done":
            assert digest(home.out / "videos" / f"{row.id}.mp4") == row.digest
            by_source[row.id[:4]].add(row.digest)
    assert all(len(digests) == 1 for digests in by_source.values())


def test_two_hundred_jobs_with_ten_poisoned_on_nodes_of_which_one_dies(nodes: Nodes, home: Home) -> None:
    nodes.fill(3)
    good = make_good(home, JOBS - 10)
    poison = make_poison(home)
    bad = {name: (video, sound) for name, (_, video, sound) in poison.items()}
    manifest = write_manifest(home.inputs / "backlog.jsonl", interleaved(good, bad))
    words = (
        "batch",
        f"manifest={manifest}",
        f"out_dir={home.out}",
        "ray.cluster=auto",
        ENGINE,
        "chunk.max_attempts=2",
    )
    driver, events = home.start(*words, **nodes.environment()), Events(path=home.out / "events.jsonl")
    driver.until(lambda: len(events.of("done", "finish")) >= 60)
    nodes.kill_raylet()
    assert driver.code() == 2, driver.log
    check_consistent(home, read_ledger(str(home.out)), {name: code for name, (code, _, _) in poison.items()})
    assert set(Counter(event["task"] for event in events.of("done", "finish")).values()) == {1}
    assert home.leftovers() == []
    check_again_does_nothing(home, nodes, words)
    nodes.age()  # of the killed raylet's workers: whoever comes next removes them
    check_undisturbed(home, good)


def check_again_does_nothing(home: Home, nodes: Nodes, words: tuple[str, ...]) -> None:
    """A re-run starts no worker and writes no output."""
    before, events = touched(home), Events(path=home.out / "events.jsonl")
    again = home.start(*words, **nodes.environment())
    assert again.code() == 2, again.log
    assert events.all() == Events(path=home.out / "events.jsonl").all()
    assert not [event for kind in ("started", "worker_starting") for event in events.of(kind)]
    changed = {path.name for path, time in touched(home).items() if before.get(path) != time}
    assert changed <= {"summary.json"}


def check_undisturbed(home: Home, good: Jobs) -> None:
    """One of each kind, dubbed without a cluster, is the same."""
    few = dict(list(good.items())[:6])
    alone = home.folder / "alone"
    alone.mkdir()
    manifest = write_manifest(home.inputs / "few.jsonl", few)
    driver = home.start("batch", f"manifest={manifest}", f"out_dir={alone}", "ray.cluster=none", ENGINE)
    assert driver.code() == 0, driver.log
    for name in few:
        assert digest(alone / "videos" / f"{name}.mp4") == digest(home.out / "videos" / f"{name}.mp4")
