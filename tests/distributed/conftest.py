"""One embedded Ray of two workers for all tests that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lipsync_ray.distributed.ray_cluster import ray_session
from lipsync_ray.distributed.session import Session
from lipsync_ray.distributed.settings import RaySettings


@pytest.fixture(scope="session")
def two_workers() -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_metrics_report_interval_ms", "1000")  # else it exports every 10 s
        with ray_session(RaySettings(workers=2)) as session:
            patch.undo()  # nothing else inherits it
            yield session
