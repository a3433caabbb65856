"""A runner that takes more than it may; a module of its own, as workers import it by name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from lipsync_ray.storage.whole import atomic_path

LARGE = 60_000_000  # bytes


class Taker:
    """Takes what it is told to; ``shared`` is a folder."""

    def __init__(self, shared: Any, threads: int) -> None:
        self._folder = Path(shared)

    def run(self, what: str) -> str:
        getattr(self, f"_{what}")()
        return what

    def _little(self) -> None:
        np.ones(1_000_000)
        (self._folder / "little").write_bytes(bytes(1_000_000))

    def _time(self) -> None:
        while True:
            sum(range(1000))

    def _quiet_time(self) -> None:
        """Long, and no work of the processor: it may."""
        time.sleep(2.5)

    def _arrays(self) -> None:
        self._kept = [np.ones(LARGE // 8) for _ in range(100)]

    def _pictures(self) -> None:
        """OpenCV has an error of its own for it."""
        picture = np.zeros((100, 100, 3), np.uint8)
        self._kept = [cv2.resize(picture, (20_000, 20_000)) for _ in range(10)]

    def _file(self) -> None:
        with atomic_path(self._folder / "large") as path:
            path.write_bytes(bytes(LARGE))

    def _encoded(self) -> None:
        with (
            atomic_path(self._folder / "large.nut") as path,
            av.open(str(path), "w", format="nut") as out,
        ):
            stream = out.add_stream("rawvideo", rate=25)
            stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
            for number in range(40):
                frame = av.VideoFrame(1920, 1080, "yuv420p")
                frame.pts = number
                out.mux(stream.encode(frame))
