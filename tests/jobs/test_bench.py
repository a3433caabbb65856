from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.errors import PlanError
from lipsync_ray.jobs.bench import Bench, BenchSpec
from lipsync_ray.jobs.site import SiteSpec


def test_a_machine_with_other_code_than_the_driver_renders_nothing(tmp_path: Path) -> None:
    site = SiteSpec(root=str(tmp_path), home="here")
    with pytest.raises(PlanError, match="the driver has 0123456789abcdef: install the same version"):
        Bench(BenchSpec(site=site, code="0123456789abcdef"), 1)
