"""What a dub costs next to a plain transcode, and a network's engine next to its authors' script.

    python -m benchmarks.speed --video talk.mp4 --audio speech.wav --sizes 720p 1080p --json speed.json

Transcode (A) and dubs (B ...) take turns, A B A B, each as a process of its own, with the same encoder
settings; medians are printed. docs/speed.md tells what the columns mean.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.speed.cases import add_axes, cases, variants
from benchmarks.speed.clips import find_face
from benchmarks.speed.dubs import Files, compare
from lipsync_ray.bench.machine import machine_facts, machine_line, version_facts
from lipsync_ray.bench.table import stage_table, whole_table
from lipsync_ray.errors import BenchFailed
from lipsync_ray.storage.whole import atomic_path

NEURAL = ("wav2lip", "video_retalking")


def main() -> None:
    """Print the tables, write the JSON."""
    options = _options()
    machine = machine_facts()
    report = {"machine": machine, "versions": version_facts(), "command": sys.orig_argv, "comparisons": []}
    print(machine_line(machine), flush=True)
    with tempfile.TemporaryDirectory() as name:
        if "unit_selection" in options.engines:
            _dubs(Path(name), options, report)
        for engine in (engine for engine in NEURAL if engine in options.engines):
            from benchmarks.speed.neural import compare as compare_networks  # needs torch

            report["comparisons"].append(compare_networks(engine, Path(name), options))
            _write(options.json, report)


def _dubs(folder: Path, options: argparse.Namespace, report: dict[str, Any]) -> None:
    files = Files(folder=folder, video=options.video, face=find_face(options.video), audio=options.audio)
    found = []
    for case in cases(options):
        try:
            source, measured = compare(case, variants(options), files, options)
        except (
            BenchFailed
        ) as error:  # a face too small to be found: the other cases are still worth their time
            print(f"\n{case.name}: {error}", flush=True)
            report["comparisons"].append({"case": case.name, "error": str(error)})
            continue
        found += [(source, one) for one in measured]
        report["comparisons"].append({"source": asdict(source), "runs": [one.to_plain() for one in measured]})
        _write(options.json, report)  # after each: a long run that is stopped has not been in vain
    print(
        f"\n{whole_table(found)}\n\nCPU (wall clock) seconds for a second of video:\n\n{stage_table(found)}"
    )
    sys.stdout.flush()


def _write(place: Path | None, report: dict[str, Any]) -> None:
    if place is not None:
        with atomic_path(place) as path:
            path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--video", type=Path, required=True, help="a talking clip")
    parser.add_argument("--audio", type=Path, default=Path("examples/hello.wav"), help="speech")
    add_axes(parser)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crf", type=int, default=17)
    parser.add_argument(
        "--engines", nargs="+", choices=["unit_selection", *NEURAL], default=["unit_selection"]
    )
    parser.add_argument("--json", type=Path, help="where all runs, medians, versions and commands go")
    parser.add_argument(
        "--words", nargs="+", default=[], help="options of all dubs: quality.enabled=false ..."
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
