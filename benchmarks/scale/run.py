"""Simulate a backlog on 1 to 256 nodes with a GPU each, or hold the simulation against real runs.

    python benchmarks/scale/run.py --nodes 1 2 4 8 16 32 64 128 256 --engine video_retalking --spot
    PYTHONPATH=. python benchmarks/scale/run.py --calibrate --video talk.mp4 --audio speech.wav

Jobs, plans, queues and dispatcher are the project's own; workers, files and time are not real. What things
take stands in costs.py. With ``--spot`` nodes live for ``--lifetime`` seconds in the mean and are replaced.
``--videos`` bounds the backlog, which grows with the nodes until then. ``--calibrate`` predicts real dubs of
a clip of ``--seconds`` by one and two local workers, and compares.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import replace
from pathlib import Path

from costs import ENGINES, Machines
from report import HEAD, Row, line, plain, row_of
from simulate import Scenario, simulate
from videos import make_videos

from lipsync_ray.config import Config
from lipsync_ray.overrides import load_config

LEAST, EACH = 100, 10  # videos of a backlog at least, and for each node


def main() -> None:
    """Print a table with a row for each number of nodes."""
    options = _options()
    logging.disable(logging.WARNING)  # the dispatcher warns of every worker that it loses
    if options.calibrate:
        from calibrate import calibrate

        calibrate(
            options.video,
            options.audio,
            seconds=options.seconds,
            rounds=options.rounds,
            words=options.words,
        )
        return
    if not options.json:
        print(f"engine={options.engine}, {'spot' if options.spot else 'on-demand'}\n\n{HEAD}")
    for nodes in options.nodes:
        row = _row(nodes, options)
        print(json.dumps(plain(row)) if options.json else line(row), flush=True)


def settings() -> Config:
    """The settings of all simulated jobs; no worker gets stuck here, so nobody looks for one."""
    return load_config(["video=-", "audio=-", "out=-.mp4", "ray.stuck_factor=null", "quality.enabled=false"])


def _row(nodes: int, options: argparse.Namespace) -> Row:
    count = min(options.videos, max(LEAST, EACH * nodes))
    scenario = Scenario(
        videos=make_videos(count, median=options.median, seed=options.seed),
        machines=Machines(nodes=nodes, lifetime=options.lifetime if options.spot else None),
        costs=ENGINES[options.engine],
        config=settings(),
        seed=options.seed,
    )
    if options.ahead:
        config = scenario.config
        scenario = replace(scenario, config=replace(config, batch=replace(config.batch, ahead=options.ahead)))
    return row_of(options.engine, scenario, simulate(scenario))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64, 128, 256])
    parser.add_argument("--engine", choices=tuple(ENGINES), default="video_retalking")
    parser.add_argument("--videos", type=int, default=2000, help="of the largest backlog")
    parser.add_argument("--median", type=float, default=90.0, help="length of the middle video, s")
    parser.add_argument("--spot", action="store_true", help="nodes are taken away")
    parser.add_argument("--lifetime", type=float, default=4 * 3600.0, help="of a spot node in the mean, s")
    parser.add_argument("--ahead", type=int, help="batch.ahead instead of the default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="a JSON object per line")
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--video", type=Path, help="talking clip, for --calibrate")
    parser.add_argument("--audio", type=Path, help="speech, for --calibrate")
    parser.add_argument("--seconds", type=float, default=60.0, help="the clip is looped to this length")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words", nargs="*", default=[], help="options of the real dubs")
    options = parser.parse_args()
    if options.calibrate and not (options.video and options.audio):
        parser.error("--calibrate needs --video and --audio")
    return options


if __name__ == "__main__":
    main()
