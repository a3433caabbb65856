"""Engines for tests of what goes wrong; workers import them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lipsync_ray.engines.base import FaceBatch, Preparation, Scene
from tests.toy_engines import Brighten

HANDED_OVER_S = 1.0  # a worker that dies at once may take the result of its task before with it


class Slow(Brighten):
    """Takes its time (TOY_NAP seconds), so that what is to happen in the middle of a job does."""

    def generate(self, batch: FaceBatch) -> FaceBatch:
        time.sleep(float(os.environ.get("TOY_NAP", "0.15")))
        return batch


class Moody(Brighten):
    """Kills its process over a video whose name begins with ``crash``, raises over ``raise``."""

    def prepare(self, scene: Scene) -> Preparation:
        name = Path(scene.table.path).name
        if name.startswith("raise"):
            raise RuntimeError("this one is cursed")
        if name.startswith("crash"):
            time.sleep(HANDED_OVER_S)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().prepare(scene)
