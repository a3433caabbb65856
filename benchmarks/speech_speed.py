"""How many times faster than real time the speech models read a mouth off a sound, on one core.

    python benchmarks/speech_speed.py [--audio speech.wav] [--seconds 60] [--rounds 5]

The sound is looped to --seconds. The models take turns, A B A B, in one process that is held to one thread;
each has run once before. Best and median CPU time are printed: the best is what the code needs, the median
what a shared machine gave it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.speech.model import MODELS, speech_model
from lipsync_ray.speech.samples import RATE

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "hello.wav"


def main() -> None:
    """Print the table."""
    options = _options()
    samples = looped(options.audio, options.seconds)
    models = {name: speech_model(name) for name in options.models}
    taken: dict[str, list[float]] = {name: [] for name in models}
    with threadpool_limits(1):
        for turn in range(options.rounds + 1):
            for name, model in models.items():
                begin = time.process_time()
                model.track(samples)
                if turn:
                    taken[name].append(time.process_time() - begin)
    print(f"\n{options.seconds:g} s of {options.audio.name}, {options.rounds} rounds, one core\n")
    print("| speech | CPU ms per s of sound | x real time, median | x real time, best |\n|---|---|---|---|")
    for name, costs in taken.items():
        usual, best = options.seconds / median(costs), options.seconds / min(costs)
        print(f"| {name} | {1000 * median(costs) / options.seconds:.2f} | {usual:.0f} | {best:.0f} |")


def looped(path: Path, seconds: float) -> np.ndarray:
    """A file's sound at 16 kHz, mono, repeated to a length."""
    with tempfile.TemporaryDirectory() as folder:
        stored = store_samples(path, Path(folder) / "samples")
        return np.resize(stored[0 : len(stored)], int(seconds * RATE))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", type=Path, default=EXAMPLE, help="speech")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=sorted(MODELS), choices=sorted(MODELS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
