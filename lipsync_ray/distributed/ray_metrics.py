"""Figures as Ray metrics: the machine's Ray agent serves them to Prometheus."""

from __future__ import annotations

from typing import Any

from ray.util.metrics import Counter, Gauge, Histogram

from lipsync_ray.distributed.metrics import METRICS, Metric


class RayMeter:
    """Puts figures into the metrics of the Ray that this process is connected to; about 0.04 ms each."""

    def __init__(self) -> None:
        self._made = {metric.name: _make(metric) for metric in METRICS}

    def put(self, name: str, value: float, **labels: str) -> None:
        """As ``Meter``."""
        made = self._made[name]
        if isinstance(made, Gauge):
            made.set(value, tags=labels)
        elif isinstance(made, Histogram):
            made.observe(value, tags=labels)
        elif value > 0:  # Ray refuses to add nothing to a counter
            made.inc(value, tags=labels)


def _make(metric: Metric) -> Any:
    if metric.kind == "histogram":
        return Histogram(
            metric.name,
            description=metric.text,
            boundaries=list(metric.bounds),
            tag_keys=metric.labels,
        )
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(metric.name, description=metric.text, tag_keys=metric.labels)
