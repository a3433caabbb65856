"""The table of a simulation: how much was done how fast, and what it waited for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sim_pool import Usage
from simulate import Run, Scenario, bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One simulation. Shares are of the time for which places were there, or of the makespan."""

    engine: str
    nodes: int
    spot: bool
    videos: int
    done: int
    video_s: float
    speed: float  # s of video per s
    makespan_s: float
    ideal_s: float
    bound: str  # what the ideal consists of: gpu, cpu or the longest video
    drawing: float  # share of the time of those who draw
    fetching: float  # waiting for bytes
    lost: float  # work that nobody has any more
    others: float  # busy share of the workers that do not draw
    driver: float  # busy share of the driver
    store: float  # used share of the storage's bandwidth
    nodes_lost: int
    tasks: int
    own_ms_per_task: float  # CPU of this machine: dispatcher, backlog and simulation

    @property
    def stretch(self) -> float:
        """Makespan over the ideal one."""
        return self.makespan_s / self.ideal_s


HEAD = (
    "| nodes | videos | s of video per s | per node | makespan s | / ideal | bound by | GPU draws | fetches "
    "| lost | CPU slots busy | driver busy | storage used |\n"
    "|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|"
)


def row_of(engine: str, scenario: Scenario, run: Run) -> Row:
    """What a run came to."""
    limits = bounds(scenario)
    names = {"gpu": limits.gpu, "cpu": limits.cpu, "longest": limits.longest}
    drawing = run.pool.usage.get("gpu") or run.pool.usage["cpu"]
    length = sum(video.seconds for video in scenario.videos)
    capacity = scenario.machines.store_bandwidth * run.makespan
    return Row(
        engine=engine,
        nodes=scenario.machines.nodes,
        spot=scenario.machines.lifetime is not None,
        videos=len(scenario.videos),
        done=sum(ended.error is None for ended in run.ended.values()),
        video_s=round(length, 1),
        speed=length / run.makespan,
        makespan_s=run.makespan,
        ideal_s=limits.ideal,
        bound=max(names, key=lambda name: names[name]),
        drawing=drawing.computing / drawing.there,
        fetching=drawing.fetching / drawing.there,
        lost=drawing.lost / drawing.there,
        others=_busy(run.pool.usage["cpu"]),
        driver=run.driver_busy / run.makespan,
        store=run.pool.store.carried / capacity,
        nodes_lost=run.pool.nodes_lost,
        tasks=run.tasks,
        own_ms_per_task=1000 * run.own_s / run.tasks,
    )


def line(row: Row) -> str:
    """A line of the table for people."""
    shares = (row.drawing, row.fetching, row.lost, row.others, row.driver, row.store)
    cells = [
        f"{row.nodes}",
        f"{row.videos:,}",
        f"{row.speed:.1f}",
        f"{row.speed / row.nodes:.2f}",
        f"{row.makespan_s:,.0f}",
        f"{row.stretch:.2f}",
        row.bound,
        *(f"{100 * share:.0f} %" for share in shares),
    ]
    return f"| {' | '.join(cells)} |"


def plain(row: Row) -> dict[str, Any]:
    """The same for programs."""
    return {**asdict(row), "stretch": row.stretch}


def _busy(usage: Usage) -> float:
    return (usage.computing + usage.fetching) / usage.there if usage.there else 0.0
