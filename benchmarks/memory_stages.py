"""Peak memory of each stage of one dub, in one process.

    python benchmarks/memory_stages.py video=talk.mp4 audio=speech.wav out=out.mp4 cache.dir=EMPTY_FOLDER

The words are those of ``run``; everything is done in this process (``ray.cluster=none``). Peaks are the
kernel's own high-water mark of the resident set, which is set back where a stage begins: no moment is too
short to be seen. Linux only.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from unittest.mock import patch

from lipsync_ray.cli import main as run
from lipsync_ray.jobs.course import Course

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main() -> int:
    """Dub, and print one row per stage; returns the exit status of the run."""
    rows: list[tuple[str, float, float]] = []
    begin, stages = Course.begin, ["start"]

    def leave() -> None:
        rows.append((stages[-1], _megabytes("VmHWM"), _megabytes("VmRSS")))
        _RESET.write_text("5")  # the high-water mark alone

    def entered(course: Course, stage: str, shown: str | None = None, total: int | None = None) -> None:
        leave()
        stages.append(stage)
        begin(course, stage, shown, total)

    with patch.object(Course, "begin", entered):
        status = run(["run", "ray.cluster=none", *sys.argv[1:]])
    leave()
    print("| stage | peak MB | left MB |\n|---|--:|--:|")
    for stage, peak, left in rows:
        print(f"| {stage} | {peak:.0f} | {left:.0f} |")
    return status


def _megabytes(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+)", _STATUS.read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
