"""What the service tells Prometheus about its requests and its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select

from lipsync_ray.serve.job import State
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tables import JOBS

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")
_CALLS = ("due", "sent", "failed")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Counts of one process: each replica has its own; what is asked of the database is the same in all."""

    def __init__(self, store: JobStore, clock: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        names = ("method", "route", "status")
        self._requests = Counter(
            "lipsync_ray_serve_requests", "Requests answered", names, registry=self._registry
        )
        self._seconds = Histogram(
            *("lipsync_ray_serve_request_seconds", "Time to the end of the answer", ("method", "route")),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._bytes = Counter(
            "lipsync_ray_serve_received_bytes", "Bytes of requests' bodies", registry=self._registry
        )
        self._registry.register(_Jobs(store, clock))

    def answered(self, method: str, route: str, status: int, seconds: float, received: int) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        self._bytes.inc(received)

    def text(self) -> bytes:
        """Everything in Prometheus's text format. Raises StoreError."""
        return generate_latest(self._registry)


class _Jobs:
    """Asks the database when it is asked itself."""

    def __init__(self, store: JobStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def describe(self) -> list[Metric]:
        return []  # otherwise the registry would collect at once

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("lipsync_ray_serve_jobs", "Jobs by state", labels=["state"])
        for state in _STATES:
            jobs.add_metric([state], self._store.count((state,)))
        yield jobs
        calls = GaugeMetricFamily("lipsync_ray_serve_callbacks", "Callbacks by state", labels=["state"])
        query = select(JOBS.c.calling, func.count()).where(JOBS.c.calling != "none").group_by(JOBS.c.calling)
        with self._store.reading() as connection:
            counts = {calling: count for calling, count in connection.execute(query)}
        for state in _CALLS:
            calls.add_metric([state], counts.get(state, 0))
        yield calls
        first = next(iter(self._store.queued(1)), None)
        age = self._clock() - first.created if first else 0.0
        yield GaugeMetricFamily(
            "lipsync_ray_serve_queue_age_seconds", "How long the first job in line has waited", value=age
        )
