"""Is the right one of two people taken for whoever talks? ``python benchmarks/turns.py``

Two real clips at a time, as if they stood side by side; first the one person's sound is heard, then the
other's, while both mouths talk on: harder than a conversation. In the second table nobody who is seen says
what is heard. Needs the real clips (LIPSYNC_TEST_MEDIA).
"""

from __future__ import annotations

import itertools
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_ray.faces.scan import scan
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.layout import columns
from lipsync_ray.media.index import build_table
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.speakers.guess import guess_turns, mouths
from lipsync_ray.speech.features import RATE
from lipsync_ray.speech.heard import STEP_S, TALKING, Heard
from lipsync_ray.speech.model import speech_model
from lipsync_ray.weights.store import WeightStore

MEDIA = Path(os.environ.get("LIPSYNC_TEST_MEDIA", "../shared/media"))
CLIPS = ("talk_closeup_590.mp4", "talk_vfr_700.mp4", "talk_fullbody_1080x1920_hevc.mp4")
SECONDS = 5.0
TIMES = np.arange(int(SECONDS * 25)) / 25
TURNS = (1.5, 2.5, 3.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One clip."""

    name: str
    opening: np.ndarray  # float64[n] at TIMES
    sound: np.ndarray  # float32, 16 kHz


def load(name: str, folder: Path) -> Talk:
    """Measure the mouth of a clip, and keep its sound."""
    path = MEDIA / name
    table = build_table(str(path))
    found = scan(table, folder / name, FaceSettings(), weights=WeightStore())
    light = found.light()
    largest = int(np.argmax(np.bincount(light.face)))
    opening = mouths(found, np.where(light.face == largest, 0, -1).astype(np.int32), len(table))[0]
    shown = np.maximum(np.searchsorted(table.times(), TIMES + 1e-6, side="right") - 1, 0)
    sound = store_samples(path, folder / f"{name}.f32")[: int(SECONDS * RATE)]
    return Talk(name=name.split("_")[1], opening=opening[shown], sound=sound)


def hear(sound: np.ndarray) -> Heard:
    """What the speech model makes of a sound."""
    at = STEP_S * np.arange(int(len(sound) / (STEP_S * RATE)) + 1)
    return Heard(start=0.0, evidence=speech_model("visemes").evidence(sound, at))


def shares(talks: list[Talk], sound: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    """Shares of the frames with speech that are given to the right one, to the wrong one, to nobody."""
    heard = hear(sound)
    given = np.full(len(TIMES), -1)
    for turn in guess_turns(np.stack([talk.opening for talk in talks]), TIMES, [heard]):
        given[(TIMES >= turn.start) & (TIMES <= turn.end)] = turn.person
    talking = heard.speech(TIMES) > TALKING
    got, wanted = given[talking], right[talking]
    return (
        float((got == wanted).mean()),
        float(((got != wanted) & (got >= 0)).mean()),
        float((got < 0).mean()),
    )


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        talks = [load(name, Path(folder)) for name in CLIPS]
    rows, totals = [("FIRST", "THEN", "TURN", "RIGHT", "WRONG", "NOBODY")], []
    for first, then in itertools.permutations(talks, 2):
        for turn in TURNS:
            at = int(turn * RATE)
            sound = np.concatenate([first.sound[:at], then.sound[at:]])
            found = shares([first, then], sound, (TIMES >= turn).astype(int))
            totals.append(found)
            rows.append((first.name, then.name, f"{turn} s", *(f"{share:.2f}" for share in found)))
    rows.append(("all", "", "", *(f"{share:.2f}" for share in np.mean(totals, axis=0))))
    print(columns(rows))
    rows, totals = [("SEEN", "HEARD", "SEEN ONE TAKEN", "NOBODY")], []
    for seen, other in itertools.permutations(talks, 2):
        _, taken, nobody = shares([seen], other.sound, np.full(len(TIMES), 9))
        totals.append((taken, nobody))
        rows.append((seen.name, other.name, f"{taken:.2f}", f"{nobody:.2f}"))
    rows.append(("all", "", *(f"{share:.2f}" for share in np.mean(totals, axis=0))))
    print("\n" + columns(rows))


if __name__ == "__main__":
    main()
