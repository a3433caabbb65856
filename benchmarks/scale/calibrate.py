"""The simulation against real dubs: one and two local workers of one CPU each, predicted from other runs.

What tasks take is read off dubs without Ray that are bound to one core each: one of them alone for the
prediction of one worker, two at the same time for that of two, which share caches and memory.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from costs import RATE, Costs, Machines, Rate
from simulate import Scenario, simulate
from videos import Video

from benchmarks.clips import looped_sound, looped_video
from lipsync_ray.overrides import load_config

COMMAND = (
    *(sys.executable, "-m", "lipsync_ray", "run"),
    *("cache.enabled=false", "quality.enabled=false", "log=debug"),
)
KINDS = ("scan", "prepare", "chunk", "finish")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the dispatcher told of a run."""

    begun: float  # the first worker is asked for
    ready: float  # the first worker is set up
    ended: float
    rates: dict[str, float]  # s of a worker for each frame, by kind of task: medians
    shared: float  # s in which faces were found and chunks drawn: what several workers can do at a time

    @property
    def took(self) -> float:
        """Seconds from the first worker's readiness to the end; Ray's start and the workers' are before."""
        return self.ended - self.ready


def calibrate(video: Path, audio: Path, *, seconds: float, rounds: int, words: Sequence[str] = ()) -> None:
    """Print what was predicted and what was measured, round by round and as medians."""
    with tempfile.TemporaryDirectory() as name:
        clip = Clip.make(Path(name), video, audio, seconds, words)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {clip.frames} frames\n")
        print("| round | workers | measured s | predicted s | predicted / measured | load |")
        print("|--:|--:|--:|--:|--:|--:|")
        ratios: dict[int, list[float]] = defaultdict(list)
        for number in range(1, rounds + 1):
            for workers in (1, 2):
                traces = clip.bound(workers)
                measured = clip.with_ray(workers).took
                predicted = predict(clip, workers, traces)
                ratios[workers].append(predicted / measured)
                load = os.getloadavg()[0]
                print(
                    f"| {number} | {workers} | {measured:.1f} | {predicted:.1f} | {ratios[workers][-1]:.2f} "
                    f"| {load:.1f} |",
                    flush=True,
                )
        for workers, found in ratios.items():
            print(f"| median | {workers} | | | {median(found):.2f} | |")


def predict(clip: Clip, workers: int, traces: Sequence[Trace]) -> float:
    """Seconds of a dub by so many local workers, whose tasks take what they took in other runs."""
    rates = {kind: median(trace.rates[kind] for trace in traces) for kind in KINDS}
    costs = replace(Costs(), noise=0.0, **{kind: Rate(frame=rate) for kind, rate in rates.items()})
    free = {"round_trip": 0.0, "slow_share": 0.0, "node_bandwidth": 1e12, "store_bandwidth": 1e12}
    machines = Machines(nodes=1, slots={"cpu": workers}, start={"cpu": 0.0}, driver_bandwidth=1e9, **free)
    scenario = Scenario(
        videos=[Video(place="clip", frames=clip.frames)],
        machines=machines,
        costs=replace(costs, examine=Rate(frame=0.0)),  # done before: by ``run``, in the driver
        config=load_config(["video=-", "audio=-", "out=-.mp4", "quality.enabled=false", *clip.words]),
        store=False,
        probe=False,
    )
    return simulate(scenario).makespan


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A real clip, and real dubs of it."""

    folder: Path
    video: Path
    sound: Path
    frames: int
    words: tuple[str, ...]  # options of all runs

    @classmethod
    def make(cls, folder: Path, video: Path, audio: Path, seconds: float, words: Sequence[str]) -> Clip:
        """Bring a clip to 720p and loop it to about so many seconds."""
        import av

        sound = looped_sound(audio, folder / "sound.wav", seconds=seconds)
        looped = looped_video(video, folder / "video.mp4", width=1280, height=720, seconds=seconds)
        with av.open(str(looped)) as container:
            frames = sum(packet.size > 0 for packet in container.demux(video=0))
        frames = min(frames, round(seconds * RATE))
        return cls(folder=folder, video=looped, sound=sound, frames=frames, words=tuple(words))

    def in_process(self) -> Trace:
        """A dub without Ray, on all cores."""
        return _trace(self._start("plain", "ray.cluster=none"), self.frames)

    def bound(self, count: int) -> list[Trace]:
        """As many dubs without Ray at the same time, each on a core of its own."""
        cores = sorted(os.sched_getaffinity(0))[:count]
        runs = [self._start(f"bound-{core}", "ray.cluster=none", core=core) for core in cores]
        return [_trace(run, self.frames) for run in runs]

    def with_ray(self, workers: int, *, cpus: int = 1) -> Trace:
        """A dub on a Ray of its own, by so many workers of so many CPUs each."""
        return _trace(self._start("ray", f"ray.workers={workers}", f"ray.num_cpus={cpus}"), self.frames)

    def _start(self, name: str, *words: str, core: int | None = None) -> subprocess.Popen[str]:
        places = (f"video={self.video}", f"audio={self.sound}", f"out={self.folder / name}.mp4")
        # Ray lets other processes go before its workers, which on a busy machine is all that would count.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
        binding = () if core is None else ("taskset", "--cpu-list", str(core))
        return subprocess.Popen(
            [*binding, *COMMAND, *self.words, *places, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )


def _trace(run: subprocess.Popen[str], frames: int) -> Trace:
    """Read a run's events from its log."""
    _, told = run.communicate()
    if run.returncode:
        raise SystemExit(told[-2000:])
    events = [
        ast.literal_eval(line[line.index("{'kind'") :]) for line in told.splitlines() if "{'kind'" in line
    ]
    spent: dict[str, float] = defaultdict(float)
    for event in events:
        if event["kind"] == "done":
            spent[_kind(event["task"])] += event["seconds"]
    times = {kind: [e["time"] for e in events if e["kind"] == kind] for kind in ("worker_started", "done")}
    return Trace(
        begun=events[0]["time"],
        ready=times["worker_started"][0],
        ended=times["done"][-1],
        rates={kind: spent[kind] / frames for kind in KINDS},
        shared=_span(events, "scan") + _span(events, "chunk"),
    )


def _span(events: Sequence[dict[str, Any]], kind: str) -> float:
    """Seconds from the beginning of the first task of a kind to the end of the last."""
    times = [e["time"] for e in events if e["kind"] in ("started", "done") and _kind(e["task"]) == kind]
    return times[-1] - times[0]


def _kind(key: str) -> str:
    return "scan" if key.startswith("scan-") else key.rpartition("/")[2].partition("-")[0]
