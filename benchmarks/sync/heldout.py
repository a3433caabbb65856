"""Does a dub show what the person really said? Dub half a clip with the sound of its other half.

    python benchmarks/sync/heldout.py CLIPS... --out DIR [--oracle] [--weights FILE.npz] [--landmarks FOLDER]
        [key=value ...]

Source: the first half of a talking clip. Sound: that of its second half. Truth: the mouth that the second
half shows. The source is dubbed through the whole pipeline, the mouth is measured again in the encoded
file, and both are compared at equal times. Nothing else of the second half is shown to the dub. Further
words are options as the ``run`` verb takes them (``speech=...``, ``sync.offset=0`` ...).

speech     seconds of speech compared
r out      correlation of the aperture, output with truth: where talk is audible, all frames in brackets
r target   the same for the target that the engine was aiming at
follow     correlation of output and target, speech frames
lag        frames by which the output (in brackets: the target) comes after the truth, where r is highest
told       ms by which the dub says that the source's picture comes after its sound, and that it kept
p95        95th percentile of the aperture, output (target) over truth, speech frames
MAE        mean absolute error of the aperture in speech, distances between the eyes
width      correlation of the mouth's width, output (target) with truth, all frames
P R F      closures in speech, +-1 frame: aperture below 15 % of the clip's 95th percentile, in both
plosives   share of the truth's closures of which at least one frame is met
drawn      frames asked to be closed (below .012) that come out below .02
flicker    mean |second difference| of steadied pictures over the source's own: of the lips, around them
jitter     median |second difference| of the aperture in speech over that of the person
pauses     mean |change| of the aperture in silence over that of the person

``undubbed`` is the source's own picture under the new sound: what chance gives. ``oracle`` (--oracle) dubs
with the truth's own mouth as the target: what a perfect speech model would get. With --landmarks the faces
of clips and of outputs come from another tracker, which is run on DIR/*.mp4 after a first run of this.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from above import articulation, mouths, steady
from dubscores import DubScore, Mouth, average, judge
from halves import Half, cut_halves
from listen import find_clips, make_model, plain, rates, split_words
from options import parser
from scores import durations
from truth import Measured, Truth, measure_clip, mouth, read_landmarks

from lipsync_ray.config import Config
from lipsync_ray.dubbing import dub
from lipsync_ray.engines.base import Preparation, Scene
from lipsync_ray.engines.unit_selection.descriptor import A, W
from lipsync_ray.engines.unit_selection.engine import UnitSelection
from lipsync_ray.engines.unit_selection.target import read_articulation
from lipsync_ray.errors import LipsyncError
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.overrides import load_config
from lipsync_ray.speech.model import SpeechModel
from lipsync_ray.speech.track import MouthTrack

RATE = 500.0  # Hz of the track made from measured frames
SURE = 0.25  # of the time to the next frame: a closure is certain this near to its frame


def main(words: list[str]) -> int:
    """Dub every clip and print the table."""
    options, rest = _parser().parse_known_args(words)
    clips, settings = split_words(rest)
    settings = ["ray.cluster=none", *settings]  # clips are short
    logging.basicConfig(level=logging.ERROR)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    landmarks = Path(options.landmarks) if options.landmarks else None
    rows: list[DubScore] = []
    print(HEAD)
    for path in find_clips(clips):
        try:
            for row in run_clip(path, out, settings, options, landmarks):
                rows.append(row)
                print(line(row), flush=True)
        except LipsyncError as error:
            print(f"left out: {path}: {error.code}: {error}", file=sys.stderr)
    for kind in dict.fromkeys(row.kind for row in rows):
        print(line(average([row for row in rows if row.kind == kind])))
    told = [{**asdict(row), "closures": rates(row.closures)} for row in rows]
    (out / "heldout.json").write_text(json.dumps(plain(told), indent=2))
    return 0


def run_clip(
    path: Path, out: Path, words: list[str], options: argparse.Namespace, landmarks: Path | None
) -> Iterator[DubScore]:
    """The rows of one clip: dubbed, the source as it is, and dubbed with the truth itself if asked for."""
    whole = measure_clip(path, load_config([f"video={path}", *words]), out / "scans", landmarks)
    first, second = cut_halves(whole.clip.table, out / "halves")
    truth = second_half(whole, second)
    model = make_model("visemes", options.weights) if options.weights else None
    test = Test(whole, truth, first, second, out, landmarks)
    yield from test.dubbed("dubbed", words, model)
    if options.oracle:
        yield from test.dubbed("oracle", words, articulation.MeasuredMouth(said(whole, second)))


def second_half(whole: Measured, second: Half) -> Truth:
    """The truth of a clip's second half, on the clock of that half's sound."""
    begin = float(whole.clip.table.times()[0] - whole.truth.times[0])
    return whole.truth.part(
        second.frames.start, second.frames.stop, name=whole.truth.name, zero=float(second.zero) - begin
    )


def said(whole: Measured, second: Half) -> MouthTrack:
    """The measured mouth of the second half as a track: what a perfect speech model would tell."""
    person, descriptors = mouths.person_of(whole.clip)
    rows = np.arange(second.frames.start, second.frames.stop)
    rows = rows[np.isfinite(descriptors[rows]).all(axis=1)]
    times = whole.clip.table.times()[rows] - float(second.zero)
    every = np.arange(int(times[-1] * RATE) + 1) / RATE
    nearest = np.searchsorted(0.5 * (times[1:] + times[:-1]), every)
    near = np.abs(every - times[nearest]) < SURE * durations(times)[nearest]
    curves = read_articulation(descriptors[rows], person)
    found = {name: np.interp(every, times, values) for name, values in curves.items()}
    # Not half-way to the neighbours: the frames of a dub take the firmest closure of the time that they own.
    found["closure"] = curves["closure"][nearest] * near
    return MouthTrack(rate=RATE, **{name: values.astype(np.float32) for name, values in found.items()})


class Test:
    """One clip's held-out test."""

    def __init__(
        self, whole: Measured, truth: Truth, first: Half, second: Half, out: Path, landmarks: Path | None
    ) -> None:
        self._whole, self._truth, self._first, self._second = whole, truth, first, second
        self._out, self._landmarks = out, landmarks

    def dubbed(self, kind: str, words: list[str], model: SpeechModel | None) -> Iterator[DubScore]:
        """Dub, measure the encoded output and judge it; with the plain dub goes the undubbed source."""
        path = self._out / f"{self._truth.name}.{kind}.mp4"
        config = self._config(path, words)
        with overheard() as heard:
            dub(config, speech=model)
        scene, preparation = heard[-1]
        clip = mouths.open_clip(path, config, self._out / "scans")
        if len(clip.table) != len(scene.times):
            raise RuntimeError(f"{path} has {len(clip.table)} frames, the timeline {len(scene.times)}")
        full = np.asarray(preparation.frames["strength"]) == 1
        target = np.asarray(preparation.frames["target"], np.float64)[:, [A, W]]
        times = clip.table.times() - float(scene.timeline.audio_start)
        report = preparation.report.get("speech", {})
        facts: dict[str, Any] = {"truth": self._truth, "whole": self._whole.truth}
        yield judge(
            kind=kind,
            out=Mouth.of(times, *mouth(self._faces(clip), self._whole.reference), full),
            target=Mouth.of(times, *target.T, full),
            told=report.get("applied_offset_ms"),
            flicker=self._flicker(scene, clip, np.flatnonzero(full)),
            **facts,
        )
        if kind == "dubbed":
            own, source = self._whole.truth, scene.timeline.source
            bare = Mouth.of(times, own.aperture[source], own.width[source], full)
            yield judge(kind="undubbed", out=bare, target=None, told=None, flicker=(1.0, 1.0), **facts)

    def _config(self, path: Path, words: list[str]) -> Config:
        files = [f"video={self._first.video}", f"audio={self._second.sound}", f"out={path}"]
        config = load_config([*files, *words])
        # All of the sound is to be seen: the picture is cut or turns back, whichever it takes.
        longer = probe_audio(self._second.sound).duration > self._second.zero
        mode = f"sync.mode={'bounce' if longer else 'cut_off'}"
        return load_config([*files, mode, *words]) if config.sync.mode == "silence" else config

    def _faces(self, clip: mouths.Clip) -> np.ndarray:
        """Faces of the output, NaN where none was found."""
        if self._landmarks is not None:
            return read_landmarks(self._landmarks, Path(clip.table.path).stem, len(clip.table))
        return clip.landmarks(np.arange(len(clip.table)))

    def _flicker(self, scene: Scene, output: mouths.Clip, frames: np.ndarray) -> tuple[float, float]:
        """Of the lips and around them, output over the source's own; the first half is frame 0 onwards."""
        person = mouths.person_of(self._whole.clip)[0]
        sources = scene.timeline.source[frames]
        poses = mouths.poses_of(self._whole.clip.landmarks(sources), person)
        before = steady.mouth_pictures(self._whole.clip.table, sources, poses, person)
        after = steady.mouth_pictures(output.table, frames, poses, person)
        return steady.flicker_ratio(before, after, person)


@contextmanager
def overheard() -> Iterator[list[tuple[Scene, Preparation]]]:
    """Keep what the engine is shown and what it decides while a dub runs: the target is told nowhere else."""
    heard: list[tuple[Scene, Preparation]] = []
    prepare = UnitSelection.prepare

    def listening(self: UnitSelection, scene: Scene) -> Preparation:
        made = prepare(self, scene)
        heard.append((scene, made))
        return made

    UnitSelection.prepare = listening
    try:
        yield heard
    finally:
        UnitSelection.prepare = prepare


HEAD = (
    f"{'':<28} {'':<8} {'speech':>6} {'r out':>12} {'r target':>12} {'follow':>6} {'lag':>11} {'told':>5} "
    f"{'p95':>11} {'MAE':>5} {'width':>11}  {'P':>4} {'R':>4} {'F':>4} {'plosives':>8} {'drawn':>8} "
    f"{'flicker':>11} {'jitter':>6} {'pauses':>6}"
)


def line(row: DubScore) -> str:
    """A row as text; in brackets the target's figure, for r that of all frames."""
    told = "" if row.told is None else f"{row.told:+.0f}"
    drawn = f"{row.drawn}/{row.asked}" if row.asked else ""
    found = row.closures
    return (
        f"{row.name[:28]:<28} {row.kind:<8} {row.seconds:>6.1f} {row.r:>5.2f} ({row.r_all:.2f}) "
        f"{row.r_target:>5.2f} ({row.r_target_all:.2f}) {row.follow:>6.2f} {row.lag:>+4.1f} "
        f"({row.lag_target:>+4.1f}) {told:>5} {row.p95:>4.2f} ({row.p95_target:.2f}) {row.mae:>5.3f} "
        f"{row.width:>4.2f} ({row.width_target:.2f})  {found.precision:>4.2f} {found.recall:>4.2f} "
        f"{found.f:>4.2f} {found.plosives:>8.2f} {drawn:>8} {row.flicker[0]:>5.2f}, {row.flicker[1]:.2f} "
        f"{row.jitter:>6.2f} {row.pauses:>6.2f}"
    )


def _parser() -> argparse.ArgumentParser:
    made = parser("heldout.py", __doc__, out="folder for halves, outputs, scans and heldout.json")
    made.add_argument("--oracle", action="store_true", help="dub with the truth's own mouth, too")
    return made


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LipsyncError as error:
        sys.exit(f"heldout: {error.code}: {error}")
