"""Does the output do what it was told? Dub a clip with a mouth that was measured on another clip.

    python benchmarks/articulation.py --source A.mp4 --articulation B.mp4 --out DIR [key=value ...]

B's face is measured frame by frame; the curve, in B's own range, takes the place of the speech model, and
the whole pipeline dubs A with it: scan, selection, rendering, encoding, joining. The encoded output is then
scanned again, and the aperture seen in it is compared with what was asked for, in A's range. No speech model
is judged, only the renderer and everything behind it. Several files may follow --source and --articulation;
every pair of different files is run. Further words are options as the ``run`` verb takes them.

The target is held against two curves: ``asked`` is B's mouth in A's range, ``limited`` the same after the
engine has slowed down changes that are faster than A's own. Both meshes, that of the target and that of the
judge, are the same one: a fault that it has in common in both is not seen. Frames that pass through, and
those after B's end, are left out. Accepted: r of .93 or more, lag 0, 90 % of the closures closed.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import wave
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measures import Follow, follow
from mouths import Clip, open_clip, person_of, poses_of, seen_as
from steady import flicker_ratio, mouth_pictures

from lipsync_ray.dubbing import dub
from lipsync_ray.engines.unit_selection.descriptor import A, W
from lipsync_ray.engines.unit_selection.person import Person
from lipsync_ray.engines.unit_selection.target import (
    closed_aperture,
    fit_habit,
    read_articulation,
    wanted,
)
from lipsync_ray.errors import LipsyncError
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.timeline import Timeline, build_timeline
from lipsync_ray.overrides import load_config
from lipsync_ray.speech.track import TOUCHING, MouthCues, MouthTrack

RATE = 100.0  # Hz of the track made from measured frames
MIN_R, MIN_CLOSED = 0.93, 0.9


@dataclass(frozen=True, slots=True)
class MeasuredMouth:
    """Stands in for a speech model: says what was measured, whatever the sound."""

    measured: MouthTrack
    name: str = "measured"

    def track(self, samples: np.ndarray, rate: int = 16000) -> MouthTrack:
        """The measured track."""
        return self.measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    source: str
    articulation: str
    curve: str
    follow: Follow
    flicker: tuple[float, float]  # output over source, on the lips and around them

    @property
    def accepted(self) -> bool:
        """Whether the output follows well enough."""
        done = self.follow
        return done.r >= MIN_R and done.lag == 0 and done.hits >= MIN_CLOSED * done.closed


def main(words: list[str]) -> int:
    """Run every pair and print the table; 1 if one is not accepted."""
    options, rest = _parser().parse_known_args(words)
    logging.basicConfig(level=logging.WARNING)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    print(HEAD)
    for source in options.source:
        for articulation in options.articulation:
            if Path(source).resolve() == Path(articulation).resolve():
                continue
            for row in run_pair(source, articulation, out, rest):
                rows.append(row)
                print(line(row), flush=True)
    path = out / "articulation.json"
    path.write_text(json.dumps([asdict(row) for row in rows], indent=2))
    return 0 if all(row.accepted for row in rows if row.curve == "asked") else 1


def run_pair(source: str, articulation: str, out: Path, words: list[str]) -> list[Row]:
    """Dub ``source`` with the mouth of ``articulation`` and measure the result."""
    name = f"{Path(source).stem}--{Path(articulation).stem}"
    video = out / f"{name}.mp4"
    config = load_config([f"video={source}", f"out={video}", *words])
    scans = out / "scans"
    theirs, own = open_clip(articulation, config, scans), open_clip(source, config, scans)
    track = track_of(theirs)
    sound = sound_of(theirs, out)
    config = load_config([f"video={source}", f"audio={sound}", f"out={video}", *words])
    dub(config, speech=MeasuredMouth(track))
    timeline = build_timeline(own.table, probe_audio(sound).duration, config.sync)
    return compare(own, open_clip(video, config, scans), timeline, track, names=(source, articulation))


def track_of(clip: Clip) -> MouthTrack:
    """A clip's measured mouth in its speaker's own range, every 10 ms."""
    person, descriptors = person_of(clip)
    known = np.isfinite(descriptors).all(axis=1)
    times, curves = clip.table.times()[known], read_articulation(descriptors[known], person)
    wanted_at = np.arange(int(clip.table.times()[-1] * RATE) + 1) / RATE
    nearest = np.searchsorted(0.5 * (times[1:] + times[:-1]), wanted_at)
    found = {name: np.interp(wanted_at, times, values) for name, values in curves.items()}
    found["closure"] = curves["closure"][nearest]  # a closure lasts as long as its frames
    return MouthTrack(rate=RATE, **{name: values.astype(np.float32) for name, values in found.items()})


def sound_of(clip: Clip, out: Path) -> str:
    """The clip itself if it has sound, else as much silence."""
    if clip.table.video.has_audio:
        return clip.table.path
    path = out / f"{Path(clip.table.path).stem}.silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(2 * int(16000 * clip.table.duration)))
    return str(path)


def compare(
    own: Clip, output: Clip, timeline: Timeline, track: MouthTrack, names: tuple[str, str]
) -> list[Row]:
    """Measure the encoded output against what was asked."""
    person, descriptors = person_of(own)
    times = timeline.times()
    if len(output.table) != len(times):
        raise RuntimeError(f"the output has {len(output.table)} frames, the timeline {len(times)}")
    cues = track.at(times - float(timeline.audio_start))
    counted = own.usable[timeline.source] & (times <= track.duration)
    seen = np.where(counted[:, None], seen_as(output, person), np.nan)
    habit = fit_habit(descriptors[own.usable & np.isfinite(descriptors).all(axis=1)])
    curves = {"asked": asked(cues, person), "limited": wanted(cues, person, habit, times)[:, [A, W]]}
    flicker = _flicker(own, output, timeline, np.flatnonzero(counted), person)
    source, articulation = (Path(name).stem for name in names)
    return [
        Row(
            source=source,
            articulation=articulation,
            curve=name,
            follow=follow(curve[:, 0], seen[:, A], curve[:, 1], seen[:, W]),
            flicker=flicker,
        )
        for name, curve in curves.items()
    ]


def asked(cues: MouthCues, person: Person) -> np.ndarray:
    """Aperture and width ``float64[T,2]`` IO: the cues in the person's own range, nothing slowed down."""
    closed = closed_aperture(person)
    aperture = closed + cues.aperture.astype(np.float64) * (person.high[A] - closed)
    aperture = np.clip(aperture, 0.0, 1.2 * person.p99[A] + 0.01)
    aperture = np.where(cues.closure >= TOUCHING, 0.0, aperture)
    side = np.where(cues.width > 0, person.high[W] - person.mid[W], person.mid[W] - person.low[W])
    return np.stack([aperture, person.mid[W] + cues.width * side], axis=1)


def _flicker(
    own: Clip, output: Clip, timeline: Timeline, frames: np.ndarray, person: Person
) -> tuple[float, float]:
    sources = timeline.source[frames]
    poses = poses_of(own.landmarks(sources), person)
    before = mouth_pictures(own.table, sources, poses, person)
    after = mouth_pictures(output.table, frames, poses, person)
    return flicker_ratio(before, after, person)


HEAD = (
    f"{'source <- articulation':<52} {'curve':<8} {'frames':>6} {'r':>5} {'gain':>5} {'width r':>7} "
    f"{'MAE':>5} {'closed':>8} {'lag':>3} {'flicker lips, around':>20}"
)


def line(row: Row) -> str:
    """A row as text."""
    done = row.follow
    return (
        f"{row.source + ' <- ' + row.articulation:<52} {row.curve:<8} {done.frames:>6} {done.r:>5.2f} "
        f"{done.gain:>5.2f} {done.width_r:>7.2f} {done.mae:>5.3f} {done.hits:>4}/{done.closed:<3} "
        f"{done.lag:>3} {row.flicker[0]:>13.2f}, {row.flicker[1]:.2f}"
        + ("" if row.curve != "asked" else "  accepted" if row.accepted else "  REFUSED")
    )


def _parser() -> argparse.ArgumentParser:
    text: Any = __doc__
    parser = argparse.ArgumentParser(
        description=text.splitlines()[0], epilog=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", nargs="+", required=True, help="videos to dub")
    parser.add_argument("--articulation", nargs="+", required=True, help="videos whose mouths are the target")
    parser.add_argument("--out", required=True, help="folder for the outputs, scans and articulation.json")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LipsyncError as error:
        sys.exit(f"articulation: {error.code}: {error}")
