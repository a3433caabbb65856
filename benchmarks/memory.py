"""Peak memory of the driver and of each worker against the length of the video.

    python benchmarks/memory.py --video talk.mp4 --audio speech.wav --minutes 1 5 30

The clip is brought to 720p and looped. Each length runs as a process of its own; memory is sampled
from /proc twice a second: resident set of the driver and the largest of its Ray workers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from clips import looped_sound, looped_video


def main() -> None:
    """Print one row per length."""
    options = _options()
    width, height = (int(side) for side in options.size.split("x"))
    print(f"| video | frames | wall s | s per s | driver peak MB | worker peak MB | at {options.size} |")
    print("|---|---|---|---|---|---|---|")
    for minutes in options.minutes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            seconds = 60 * minutes
            video = looped_video(
                options.video, folder / "long.mp4", width=width, height=height, seconds=seconds
            )
            sound = looped_sound(options.audio, folder / "long.wav", seconds=seconds)
            begin = time.perf_counter()
            driver, worker = _run(video, sound, folder, options.override)
            wall = time.perf_counter() - begin
        cells = (f"{minutes:g} min", f"{seconds * 25:.0f}", f"{wall:.0f}", f"{wall / seconds:.2f}")
        print(f"| {' | '.join(cells)} | {driver:.0f} | {worker:.0f} | |")
        sys.stdout.flush()


def _run(video: Path, sound: Path, folder: Path, overrides: list[str]) -> tuple[float, float]:
    words = [f"video={video}", f"audio={sound}", f"out={folder / 'out.mp4'}", f"cache.dir={folder / 'cache'}"]
    process = subprocess.Popen([sys.executable, "-m", "lipsync_ray", "run", *words, *overrides])
    driver = worker = 0.0
    while process.poll() is None:
        driver = max(driver, _resident(process.pid))
        worker = max([worker, *(_resident(pid) for pid in _workers())])
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"the run failed with status {process.returncode}")
    return driver, worker


def is_worker(title: bytes) -> bool:
    """A busy worker has the name of its task for a title."""
    return title.startswith(b"ray::") and not title.startswith(b"ray::IDLE")


def _workers() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and is_worker((entry / "cmdline").read_bytes()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _resident(pid: int) -> float:
    """Resident set in MB, 0 for a process that has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video", type=Path, required=True, help="a talking clip")
    parser.add_argument("--audio", type=Path, required=True, help="speech")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 5, 30])
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("override", nargs="*", help="options of lipsync_ray, such as encode.preset=veryfast")
    return parser.parse_args()


if __name__ == "__main__":
    main()
