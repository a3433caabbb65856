"""Engines for tests of previews."""

from __future__ import annotations

from lipsync_ray.engines.base import FaceBatch
from lipsync_ray.errors import PlanError
from tests.toy_engines import Brighten


class Breaks(Brighten):
    """Prepares, and cannot draw."""

    def generate(self, batch: FaceBatch) -> FaceBatch:
        raise PlanError("cannot draw")
