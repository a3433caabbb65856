"""A mixed backlog: what can be dubbed, in several sizes and with several sounds each, and what cannot."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.batch.ledger import read_ledger
from tests.faults.files import PORTRAIT, Home, digest, make_clip, make_sound

SIZES = ((256, 40), (320, 24), (416, 16))  # side in px, frames
SOUNDS = 3
COMMON = ("chunk.seconds=0.4", "chunk.overlap=2", "provenance=off")


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Jobs, and what each has to end in."""

    jobs: dict[str, tuple[Path, Path]]  # video and sound by id
    refused: dict[str, str]  # the code by id

    def write(self, path: Path) -> Path:
        """As a manifest."""
        rows = (
            {"id": name, "video": str(video), "audio": str(sound)}
            for name, (video, sound) in self.jobs.items()
        )
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path


def make_backlog(home: Home) -> Backlog:
    """Three videos and a picture with three sounds each; five jobs that have to be refused."""
    videos = [make_clip(home.inputs / f"{side}.mp4", frames, size=side) for side, frames in SIZES]
    videos.append(home.inputs / "still.png")
    shutil.copy(PORTRAIT, videos[-1])
    sounds = [make_sound(home.inputs / f"{n}.wav", 0.8 + 0.3 * n, after=n) for n in range(SOUNDS)]
    jobs = {f"{video.stem}-{n}": (video, sound) for n, sound in enumerate(sounds) for video in videos}
    bad, refused = _bad(home, videos[0], sounds[0])
    return Backlog(jobs=jobs | bad, refused=refused)


def _bad(home: Home, video: Path, sound: Path) -> tuple[dict[str, tuple[Path, Path]], dict[str, str]]:
    nobody = make_clip(home.inputs / "nobody.mp4", 12, size=16)
    torn, text, noise = (home.inputs / name for name in ("torn.mp4", "text.mp4", "noise.wav"))
    torn.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    text.write_text("this is no video\n" * 100)
    noise.write_text("no sound")
    jobs = {
        "nobody": (nobody, sound),
        "torn": (torn, sound),
        "text": (text, sound),
        "absent": (home.inputs / "absent.mp4", sound),
        "deaf": (video, noise),
    }
    codes = {"nobody": "FACE_NONE", "deaf": "AUDIO_UNREADABLE"}
    return jobs, {name: codes.get(name, "VIDEO_UNREADABLE") for name in jobs}


def faults(backlog: Backlog, out: Path, wanted: dict[str, str]) -> list[str]:
    """What is wrong with the outputs of a run: a line for each job that is lost, wrong or should not be.

    Args:
        backlog: what was to be done.
        out: the run's folder of outputs.
        wanted: the digests of an undisturbed run by id; {} if this is the one.
    """
    rows = {row.id: row for row in read_ledger(str(out))}
    wrong = [f"{name} is lost" for name in backlog.jobs if name not in rows]
    for name, row in rows.items():
        ends = ("quarantined", backlog.refused[name]) if name in backlog.refused else ("done", "")
        if (row.state, row.code) != ends:
            wrong.append(f"{name}: {row.state} {row.code} {row.message}, not {' '.join(ends)}")
        elif row.state == "done" and wanted and digests(out, [name]) != {name: wanted[name]}:
            wrong.append(f"{name}: other pictures than in the undisturbed run")
    made = {path.stem for path in (out / "videos").glob("*.mp4")}
    return wrong + [f"{name}: an output that should not be" for name in made & set(backlog.refused)]


def digests(out: Path, names: list[str]) -> dict[str, str]:
    """Of all pictures of each output."""
    return {name: digest(out / "videos" / f"{name}.mp4") for name in names}
