from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lipsync_ray.distributed.render_worker import RenderWorker
from lipsync_ray.errors import PlanError


def test_a_machine_with_other_code_than_the_driver_renders_nothing() -> None:
    job: Any = SimpleNamespace(code="0123456789abcdef")
    with pytest.raises(PlanError, match="the driver has 0123456789abcdef: install the same version"):
        RenderWorker(job)
