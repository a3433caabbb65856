"""What a second worker gains on one machine, and what Ray costs over a single process.

    PYTHONPATH=. python benchmarks/workers.py --video talk.mp4 --audio speech.wav --seconds 60 --rounds 3

The clip is brought to 720p and looped. Each round dubs it in one process (``ray.cluster=none``), with one
worker and with two on a Ray of its own. Time runs from the first worker's readiness to the end: the start of
Ray and of its workers is told apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent / "scale"))

from calibrate import Clip, Trace


def main() -> None:
    """Print a row per round, and the medians of the ratios."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        clip = Clip.make(Path(name), options.video, options.audio, options.seconds, options.override)
        print(f"{os.cpu_count()} cores, {clip.frames} frames of 1280x720\n")
        head = ("round", "one process s", "1 worker s", "2 workers s", "Ray costs", "gain of 2", "start s")
        print(f"| {' | '.join((*head, 'load'))} |")
        print("|--:|--:|--:|--:|--:|--:|--:|--:|")
        costs, gains = [], []
        for number in range(1, options.rounds + 1):
            plain = clip.in_process(1)[0]
            one, two = clip.with_ray(1), clip.with_ray(2)
            costs.append(one.took / plain.took - 1)
            gains.append(one.took / two.took)
            print(_row(number, plain, one, two, costs[-1], gains[-1]), flush=True)
        print(f"| median | | | | {median(costs):+.1%} | {median(gains):.2f} | | |")


def _row(number: int, plain: Trace, one: Trace, two: Trace, cost: float, gain: float) -> str:
    times = " | ".join(f"{trace.took:.1f}" for trace in (plain, one, two))
    load = os.getloadavg()[0]
    return f"| {number} | {times} | {cost:+.1%} | {gain:.2f} | {one.ready - one.begun:.1f} | {load:.1f} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("override", nargs="*", help="options of all runs, such as encode.preset=veryfast")
    return parser.parse_args()


if __name__ == "__main__":
    main()
