"""What jobs of a simulated run share: nothing is written, and every job begins at its beginning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from world import World

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.faces.ranges import scan_ranges
from lipsync_ray.faces.scan import Range
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.jobs.yard import RunYard
from lipsync_ray.media.table import FrameTable
from lipsync_ray.plan import Plan
from lipsync_ray.weights.store import WeightStore


class SimYard(RunYard):
    """The real yard, whose files are in a store: the driver waits for each request to it.

    Args:
        pool: as ``RunYard``.
        is_open: as ``RunYard``.
        world: the time.
        round_trip: seconds of a request; 0 where the store is a disk.
    """

    def __init__(
        self, pool: Pool, is_open: Callable[[str], bool], world: World, *, round_trip: float
    ) -> None:
        site: Any = None  # there are no files
        super().__init__(pool, site, is_open)
        self._world = world
        self._round_trip = round_trip
        self._files: dict[str, int] = {}  # of the artifacts of a job

    def models(self, store: WeightStore, settings: FaceSettings) -> None:
        """They are there."""

    def hold(self, job: str, key: str) -> str:
        """A folder in name only."""
        return f"jobs/{key}"

    def missing(self, table: FrameTable, scan: str) -> list[Range]:
        """All of it; one listing."""
        self._world.occupy(self._round_trip)
        return scan_ranges(table)

    def records(self, folder: str, names: Sequence[str]) -> dict[str, ChunkRecord]:
        """None; one listing."""
        self._world.occupy(self._round_trip)
        self._files[folder.removeprefix("jobs/key-")] = 2 * len(names) + 1
        return {}

    def keep_plan(self, folder: str, plan: Plan) -> None:
        """One upload."""
        self._world.occupy(self._round_trip)

    def release(self, job: str, *, done: bool) -> None:
        """Files are removed a thousand at a time, between a listing and a look at the folder above."""
        files = self._files.pop(job, None)
        if files is not None:
            self._world.occupy((2 + math.ceil(files / 1000)) * self._round_trip)
