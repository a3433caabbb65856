"""The dashboard asks for nothing that is not there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ray.dashboard.modules.reporter.reporter_agent import METRICS_GAUGES

from lipsync_ray.distributed.metrics import METRICS
from tests.cluster.files import CLUSTER

DASHBOARD = json.loads((CLUSTER / "grafana" / "lipsync_ray.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
_SELECTOR = re.compile(r"\b(ray_\w+)\{([^}]*)\}")
RAYS_LABELS = {"SessionName", "instance", "GpuIndex", "le"}


def exported() -> dict[str, set[str]]:
    """Labels by name of all that Prometheus sees: ours, and what Ray tells of machines."""
    names = {f"ray_{name}": set[str]() for name in METRICS_GAUGES}
    for metric in METRICS:
        endings = ("_bucket", "_count") if metric.kind == "histogram" else ("",)
        names |= {f"ray_{metric.name}{ending}": set(metric.labels) for ending in endings}
    return names


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_metrics_and_labels_that_exist(query: str) -> None:
    known = exported()
    selectors = _SELECTOR.findall(query)
    assert selectors
    assert len(re.findall(r"\bray_", query)) == len(selectors)
    labels = {label for name, _ in selectors for label in known[name]} | RAYS_LABELS
    asked = re.findall(r"(\w+)=", " ".join(inside for _, inside in selectors))
    grouped = re.findall(r"by \(([^)]*)\)", query)
    assert {*asked, *(name for names in grouped for name in names.split(", "))} <= labels


def test_a_legend_names_labels_that_its_query_groups_by() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert re.search(rf"by \([^)]*\b{label}\b", target["expr"]), panel["title"]


def test_every_metric_is_shown() -> None:
    shown = {name for query in QUERIES for name, _ in _SELECTOR.findall(query)}
    missing = [m.name for m in METRICS if not {f"ray_{m.name}", f"ray_{m.name}_bucket"} & shown]
    assert not missing


def test_panels_fit_the_grid_and_do_not_overlap() -> None:
    taken = set[tuple[int, int]]()
    for panel in DASHBOARD["panels"]:
        place: dict[str, Any] = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
