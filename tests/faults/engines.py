"""Engines for tests of what goes wrong; workers import them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lipsync_ray.engines.base import FaceBatch, Preparation, Scene
from tests.toy_engines import Brighten

HANDED_OVER_S = 1.0  # a worker that dies at once may take the result of its task before with it


def meet(folder: Path) -> None:
    """Wait until two processes have come to a folder."""
    limit = time.monotonic() + 120
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 2 and time.monotonic() < limit:
        time.sleep(0.01)


class Slow(Brighten):
    """Takes its time (TOY_NAP seconds), so that what is to happen in the middle of a job does.

    Where TOY_MEETING names a folder, nothing is drawn before two processes are there to draw.
    """

    def generate(self, batch: FaceBatch) -> FaceBatch:
        if "TOY_MEETING" in os.environ:
            meet(Path(os.environ["TOY_MEETING"]))
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
