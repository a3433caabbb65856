"""Does the mouth fit the sound? Judge a speech model on clips of people who really say what is heard.

    python benchmarks/sync/listen.py CLIPS... --out DIR [--speech visemes] [--weights FILE.npz]
        [--degrade music8 noise15 ...] [--landmarks FOLDER] [key=value ...]

CLIPS are videos with their speaker's own sound, or folders of them. Truth is the mouth measured in the
picture, frame by frame at the frames' own times; the prediction is what the speech model makes of the clip's
sound alone. No clip is fitted to; scans are kept in DIR/scans, so that a second run is quick. Further words
are options as the ``run`` verb takes them (``face.*`` matters here).

talk       seconds of talk in which the mouth is seen, pauses under 250 ms included
offset     ms by which the picture comes after its sound: where the lag curves of aperture, width and closure
           agree best within +-120 ms, to a fraction of a frame; "?" where they do not (0 is used)
r0, r      correlation of the aperture as the clip is, and after the offset, in frames of audible talk: within
           20 dB of the loud parts. What is left out are short pauses, in which some people smile
talk, all  the same after the offset in all talk, and in all frames
width      correlation of the mouth's width after the offset, all frames
P R F      closures in talk, +-1 frame. Measured: aperture below 15 % of the clip's 95th percentile.
           Predicted: a closure of .5 or more in the cues at the frame's time: an engine then joins the lips
plosives   share of measured closures (runs of frames) of which at least one frame is met
lag        ms from the offset to where the aperture alone correlates best; positive: the picture is later
gain       deviation of the predicted aperture over the real one's, both in units of a full opening
jitter     median |second difference| of the predicted aperture over the real one's
pauses     mean |change| of the predicted aperture in silence over the real one's
null       mean r of the same prediction shifted circularly by 15 to 85 % of the clip; in brackets with the
           offset searched again for each shift, which is what chance gives in "r"
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from degrade import DEGRADATIONS
from options import parser
from scores import Closures, Score, score
from truth import Measured, measure_clip

from lipsync_ray.errors import LipsyncError
from lipsync_ray.overrides import load_config
from lipsync_ray.speech.model import SpeechModel, speech_model

VIDEOS = frozenset((".mp4", ".mov", ".mkv", ".webm", ".m4v", ".avi", ".ts"))
JUDGED = ("r0", "r", "r_talk", "r_all", "width")
AVERAGED = (*JUDGED, "width_speech", "gain", "jitter", "pauses", "null", "null_best")


def main(words: list[str]) -> int:
    """Measure all clips and print the table."""
    options, clips, rest = read_words(words)
    logging.basicConfig(level=logging.ERROR)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    model = make_model(options.speech, options.weights)
    measured = measure_all(clips, rest, out, options.landmarks)
    clean = [score(heard(model, one, "clean"), one.truth) for one in measured]
    groups = []
    for kind in ("clean", *options.degrade):
        scores = clean if kind == "clean" else judge_worse(model, measured, kind, clean)
        print_group(f"{options.speech}, {kind}", scores)
        groups.append(summary(kind, scores))
    path = out / "listen.json"
    path.write_text(json.dumps({"speech": options.speech, "sounds": groups}, indent=2))
    return 0


def judge_worse(model: SpeechModel, clips: list[Measured], kind: str, clean: list[Score]) -> list[Score]:
    """Scores on degraded sound, at the offsets that the clean sound told: the picture stays where it is."""
    return [
        score(heard(model, clip, kind), clip.truth, offset=one.offset)
        for clip, one in zip(clips, clean, strict=True)
    ]


def heard(model: SpeechModel, clip: Measured, kind: str) -> Any:
    """The model's track of a clip's sound, ``clean`` or made worse."""
    return model.track(clip.samples if kind == "clean" else DEGRADATIONS[kind](clip.samples))


def make_model(name: str, weights: str | None = None) -> SpeechModel:
    """The speech model of that name, with other weights than its own if a file is given."""
    if weights is None:
        return speech_model(name)
    from lipsync_ray.speech.visemes.model import VisemeModel
    from lipsync_ray.speech.visemes.weights import load_weights

    return VisemeModel(load_weights(weights))


def measure_all(clips: list[str], words: list[str], out: Path, landmarks: str | None) -> list[Measured]:
    """Truth of every clip; one that cannot be used is named and left out."""
    measured = []
    for path in find_clips(clips):
        try:
            config = load_config([f"video={path}", *words])
            folder = Path(landmarks) if landmarks else None
            measured.append(measure_clip(path, config, out / "scans", folder))
        except LipsyncError as error:
            print(f"left out: {error.code}: {error}", file=sys.stderr)
    if not measured:
        raise SystemExit("no clip left to measure")
    return measured


def find_clips(given: list[str]) -> list[Path]:
    """The files named, and the videos of the folders named, in order of their names."""
    found: list[Path] = []
    for path in map(Path, given):
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in VIDEOS) if path.is_dir() else [path]
        found.extend(inside)
    return found


HEAD = (
    f"{'':<30} {'talk':>6} {'offset':>7} {'r0':>5} {'r':>5} {'talk':>5} {'all':>5} {'width':>5}  "
    f"{'P':>4} {'R':>4} {'F':>4} {'plosives':>8} {'lag':>4} {'gain':>5} {'jitter':>6} {'pauses':>6}  null"
)


def print_group(title: str, scores: list[Score]) -> None:
    """One table: a line for each clip, their mean and the worst."""
    print(f"\n{title}\n{HEAD}")
    for one in scores:
        print(line(one))
    total = pooled(scores)
    mean = {name: average(scores, name) for name in AVERAGED}
    worst = {name: min(_known(scores, name), default=float("nan")) for name in JUDGED}
    print(
        f"{'mean, closures pooled':<30} {sum(s.seconds for s in scores):>6.1f} {'':>7} {mean['r0']:>5.2f} "
        f"{mean['r']:>5.2f} {mean['r_talk']:>5.2f} {mean['r_all']:>5.2f} "
        f"{mean['width']:>5.2f}  {_closures(total)} {'':>4} "
        f"{mean['gain']:>5.2f} {mean['jitter']:>6.2f} {mean['pauses']:>6.2f}  "
        f"{mean['null']:.2f} ({mean['null_best']:.2f})"
    )
    print(
        f"{'worst':<30} {'':>6} {'':>7} {worst['r0']:>5.2f} {worst['r']:>5.2f} {worst['r_talk']:>5.2f} "
        f"{worst['r_all']:>5.2f} "
        f"{worst['width']:>5.2f}  {'':>9} {min(s.closures.f for s in scores):>4.2f}"
    )
    print(f"{'always closed would get':<30} {'':>47}{always_closed(scores).f:>15.2f}", flush=True)


def line(one: Score) -> str:
    """A clip's figures as text."""
    offset = f"{1000 * one.offset.seconds:+.0f}" + ("" if one.offset.known else "?")
    return (
        f"{one.name[:30]:<30} {one.seconds:>6.1f} {offset:>7} {one.r0:>5.2f} {one.r:>5.2f} "
        f"{one.r_talk:>5.2f} {one.r_all:>5.2f} {one.width:>5.2f}  {_closures(one.closures)} "
        f"{1000 * one.lag:>+4.0f} {one.gain:>5.2f} {one.jitter:>6.2f} "
        f"{one.pauses:>6.2f}  {one.null:.2f} ({one.null_best:.2f})"
    )


def _closures(found: Closures) -> str:
    return f"{found.precision:>4.2f} {found.recall:>4.2f} {found.f:>4.2f} {found.plosives:>8.2f}"


def pooled(scores: list[Score]) -> Closures:
    """Closures of all clips counted together."""
    return sum((one.closures for one in scores[1:]), scores[0].closures)


def always_closed(scores: list[Score]) -> Closures:
    """Pooled closures of a mouth that never opens: what F must be held against."""
    total = pooled(scores)
    return replace(
        total,
        predicted=sum(one.frames for one in scores),
        right=sum(one.near for one in scores),
        met=total.measured,
        caught=total.events,
    )


def average(scores: list[Score], name: str) -> float:
    """Mean over the clips for which a figure is known."""
    known = _known(scores, name)
    return float(np.mean(known)) if known else float("nan")


def _known(scores: list[Score], name: str) -> list[float]:
    return [value for one in scores if np.isfinite(value := getattr(one, name))]


def summary(kind: str, scores: list[Score]) -> dict[str, Any]:
    """All figures of one kind of sound, for JSON; what is not known is null."""
    total = pooled(scores)
    return plain(
        {
            "sound": kind,
            "clips": [{**asdict(one), "closures": rates(one.closures)} for one in scores],
            "mean": {name: average(scores, name) for name in AVERAGED},
            "worst": {name: min(_known(scores, name), default=None) for name in JUDGED},
            "closures": rates(total),
            "always_closed_f": always_closed(scores).f,
        }
    )


def rates(found: Closures) -> dict[str, float]:
    """Counts and shares, for JSON."""
    names = ("precision", "recall", "f", "plosives")
    return {**asdict(found), **{name: getattr(found, name) for name in names}}


def plain(value: Any) -> Any:
    """The same with null for what is not known: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def read_words(words: list[str]) -> tuple[argparse.Namespace, list[str], list[str]]:
    """Options, clips, and the words that are options of the job."""
    options, rest = _parser().parse_known_args(words)
    return options, *split_words(rest)


def split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Clips or folders of clips, and ``key=value``."""
    clips = [word for word in words if "=" not in word or Path(word).exists()]
    strange = [word for word in clips if not Path(word).exists()]
    if strange or not clips:
        raise SystemExit(f"no such clip: {strange[0]}" if strange else "name clips, or folders of clips")
    return clips, [word for word in words if word not in clips]


def _parser() -> argparse.ArgumentParser:
    made = parser("listen.py", __doc__, out="folder for scans and listen.json")
    made.add_argument("--speech", default="visemes", help="speech model to judge")
    made.add_argument(
        "--degrade", nargs="+", default=[], choices=DEGRADATIONS, help="judge on worse sound, too"
    )
    return made


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LipsyncError as error:
        sys.exit(f"listen: {error.code}: {error}")
