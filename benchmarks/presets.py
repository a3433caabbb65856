"""What presets cost and what they give: a table of any settings on any clips.

    python benchmarks/presets.py --pairs A.mp4 B.mp4 C.mp4 A.mp4 --out DIR
    python benchmarks/presets.py --pairs A.mp4 B.mp4 --out DIR --settings "preset.every=2" "encode.crf=14"

Of each pair, the first clip is dubbed with the mouth that was measured on the second, as ``articulation.py``
does, in this process, from nothing: no scan is kept. Settings are words of the ``run`` verb, several in one
quoted text; by default the three presets.

CPU s/s is user plus system time of this process per second of output; kbit/s the size of the output's file.
r, closed and flicker are those of ``articulation.py`` (curve ``asked``). Sharpness is the mean absolute
Laplacian on the lips, in pictures of the source's own resolution, over the same of the source: 1 is as sharp
as the source. Picture dB is the PSNR of the luma above the eyes, which no engine draws, against the source:
what the encoder loses.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from articulation import MeasuredMouth, compare, sound_of, track_of
from mouths import Clip, open_clip, person_of, poses_of
from steady import SPAN, mouth_pictures

from lipsync_ray.dubbing import dub
from lipsync_ray.engines.unit_selection.person import Person
from lipsync_ray.errors import LipsyncError
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.timeline import Timeline, build_timeline
from lipsync_ray.overrides import load_config
from lipsync_ray.quality.steady import lips_area

PRESETS = ("preset=fast", "preset=balanced", "preset=best")
HEAD = (
    "| clip | settings | CPU s/s | kbit/s | r | closed | flicker | sharpness | picture dB |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|"
)
EYES = (33, 133, 159, 362, 263, 386)  # corners and upper lids


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One line of the table."""

    clip: str
    settings: str
    cpu: float  # s per s of output
    kbits: float  # per s of output
    r: float
    hits: int
    closed: int
    flicker: float  # of the lips, over the source's
    sharpness: float  # of the lips, over the source's
    picture_db: float
    stages: dict[str, float]  # CPU s per s of output; of the last round

    def line(self) -> str:
        """The row as Markdown."""
        return (
            f"| {self.clip} | {self.settings} | {self.cpu:.2f} | {self.kbits:.0f} | {self.r:.3f} "
            f"| {self.hits}/{self.closed} | {self.flicker:.2f} "
            f"| {self.sharpness:.2f} | {self.picture_db:.2f} |"
        )


def main(words: list[str]) -> None:
    """Run everything and print the table."""
    options = _parser().parse_args(words)
    if len(options.pairs) % 2:
        sys.exit("presets: --pairs needs two clips for each pair: one to dub, one whose mouth it gets")
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    print(HEAD)
    found = []
    for source, mouth in zip(options.pairs[::2], options.pairs[1::2], strict=True):
        for settings in options.settings:
            found.append(measure(source, mouth, settings, out, options.rounds))
            print(found[-1].line(), flush=True)
    (out / "presets.json").write_text(json.dumps([asdict(one) for one in found], indent=1))


def measure(source: str, mouth: str, settings: str, out: Path, rounds: int) -> Figures:
    """Dub ``source`` with the mouth of ``mouth`` and measure what it took and what came out."""
    scans, name = out / "scans", f"{Path(source).stem}--{settings.replace(' ', '+')}"
    words = [f"video={source}", f"out={out / name}.mp4", "ray.cluster=none", "cache.enabled=false"]
    plain = load_config(words)  # the judge's own settings are the same for all
    theirs, own = open_clip(mouth, plain, scans), open_clip(source, plain, scans)
    track, sound = track_of(theirs), sound_of(theirs, out)
    config = load_config([*words, f"audio={sound}", *settings.split()])
    costs, done = [], None
    for _ in range(rounds):
        begun = time.process_time()
        done = dub(config, speech=MeasuredMouth(track))
        costs.append(time.process_time() - begun)
    timeline = build_timeline(own.table, probe_audio(sound).duration, config.sync)
    output = open_clip(str(config.out), plain, scans)
    asked = compare(own, output, timeline, track, names=(source, mouth))[0]
    seconds = output.table.duration
    return Figures(
        clip=Path(source).stem,
        settings=settings,
        cpu=median(costs) / seconds,
        kbits=Path(str(config.out)).stat().st_size * 8 / 1000 / seconds,
        r=asked.follow.r,
        hits=asked.follow.hits,
        closed=asked.follow.closed,
        flicker=asked.flicker[0],
        sharpness=_sharpness(own, output, timeline),
        picture_db=_above_the_eyes(own, output, timeline),
        stages={name: stage.cpu_s / seconds for name, stage in done.stages.items()} if done else {},
    )


def _sharpness(own: Clip, output: Clip, timeline: Timeline) -> float:
    frames = np.flatnonzero(own.usable[timeline.source])
    person = person_of(own)[0]
    poses = poses_of(own.landmarks(timeline.source[frames]), person)
    side = round(float(np.median(poses.scale)))
    before = mouth_pictures(own.table, timeline.source[frames], poses, person, side)
    after = mouth_pictures(output.table, frames, poses, person, side)
    return _detail(after, person) / _detail(before, person)


def _detail(pictures: np.ndarray, person: Person) -> float:
    """Mean absolute Laplacian of grey pictures ``uint8[n,s,s,3]`` on the lips."""
    lips = lips_area(person.reference, pictures.shape[1], SPAN)
    found = 0.0
    for picture in pictures:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        found += float((np.abs(cv2.Laplacian(grey, cv2.CV_64F)) * lips).sum() / lips.sum())
    return found / len(pictures)


def _above_the_eyes(own: Clip, output: Clip, timeline: Timeline) -> float:
    frames = np.flatnonzero(own.usable[timeline.source])
    sources = timeline.source[frames]
    tops = own.landmarks(sources)[:, EYES, 1].min(axis=1)
    squares, pixels = 0.0, 0
    with open_reader(own.table) as before, open_reader(output.table) as after:
        pairs = zip(before.frames(sources), after.frames(frames), tops, strict=True)
        for old, new, top in pairs:
            rows = slice(0, max(1, int(top)))
            difference = old.planes[0][rows].astype(np.float64) - new.planes[0][rows]
            squares, pixels = squares + float((difference**2).sum()), pixels + difference.size
    return float(10 * np.log10(255**2 / max(squares / pixels, 1e-12)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", nargs="+", required=True, help="clip to dub, clip of its mouth, ...")
    parser.add_argument("--settings", nargs="+", default=list(PRESETS), help="words of run, quoted together")
    parser.add_argument("--out", required=True, help="folder for the outputs and presets.json")
    parser.add_argument("--rounds", type=int, default=1, help="dubs of each kind; the median counts")
    return parser


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LipsyncError as error:
        sys.exit(f"presets: {error.code}: {error}")
