"""What a second worker gains on one machine, and what Ray costs over a single process.

    PYTHONPATH=. python benchmarks/workers.py --video talk.mp4 --audio speech.wav --seconds 60 --rounds 3

The clip is brought to 720p and looped. Each round dubs it in one process (``ray.cluster=none``) and by one
worker that has all CPUs (the difference is what Ray costs), then by one worker of one CPU and by two of them.
Time runs from the first worker's readiness to the end: the start of Ray and of its workers is told apart.
Shared work is what several workers can do at a time: finding faces and drawing chunks.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent / "scale"))

from calibrate import Clip


def main() -> None:
    """Print a row per round, and the medians of the ratios."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        clip = Clip.make(Path(name), options.video, options.audio, options.seconds, options.override)
        print(f"{os.cpu_count()} cores, {clip.frames} frames of 1280x720\n")
        head = ("round", "one process s", "1 worker of all CPUs s", "Ray costs", "1 of one CPU s")
        more = ("2 of one CPU s", "gain of 2", "in shared work", "start s", "load")
        print(f"| {' | '.join((*head, *more))} |")
        print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
        costs, gains, shared = [], [], []
        for number in range(1, options.rounds + 1):
            plain, large = clip.in_process(), clip.with_ray(1, cpus=os.cpu_count() or 1)
            one, two = clip.with_ray(1), clip.with_ray(2)
            costs.append(large.took / plain.took - 1)
            gains.append(one.took / two.took)
            shared.append(one.shared / two.shared)
            start, load = two.ready - two.begun, os.getloadavg()[0]
            print(
                f"| {number} | {plain.took:.1f} | {large.took:.1f} | {costs[-1]:+.1%} | {one.took:.1f} "
                f"| {two.took:.1f} | {gains[-1]:.2f} | {shared[-1]:.2f} | {start:.1f} | {load:.1f} |",
                flush=True,
            )
        medians = f"{median(costs):+.1%} | | | {median(gains):.2f} | {median(shared):.2f}"
        print(f"| median | | | {medians} | | |")


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
