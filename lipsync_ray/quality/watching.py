"""Asking SyncNet: lips and sound of windows to their distances."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from lipsync_ray.media.frame import Frame
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.quality.lipcrop import cut_lips
from lipsync_ray.quality.lse import COLUMNS, WINDOW, Grid, distances, heard_windows
from lipsync_ray.quality.syncnet import load_syncnet


class Watcher:
    """SyncNet where it can run.

    Args:
        path: the checkpoint.
        compute: ``device`` and ``batch`` count; a measure is always computed in fp32.
        threads: of the arithmetic on the CPU.

    Raises:
        WeightsCorrupt: the file holds another network.
    """

    def __init__(self, path: Path, compute: ComputeSettings, threads: int) -> None:
        device = "cpu" if compute.device == "cpu" else "auto"  # workers that measure may have no GPU
        self._runtime = Runtime(replace(compute, device=device, dtype="fp32", compile=False), threads)
        self._net = self._runtime.place(load_syncnet(path))
        self._batches = Batches(self._runtime.batch_size(cpu=8, gpu=64))

    def see(self, windows: Iterable[np.ndarray]) -> np.ndarray:
        """Features ``float32[w,1024]`` of windows ``uint8[5,224,224,3]`` BGR, drawn a batch at a time."""
        seen, waiting = [], []
        for window in windows:
            waiting.append(window)
            if len(waiting) == self._batches.size:
                seen.append(self._run(self._lips, np.stack(waiting)))
                waiting.clear()
        if waiting:
            seen.append(self._run(self._lips, np.stack(waiting)))
        return np.concatenate(seen)

    def hear(self, cepstra: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Features ``float32[n,1024]`` of windows that begin at moments ``int64[n]``.

        Args:
            cepstra: ``float32[4 G,13]``, four rows a moment.
            windows: their first moments.
        """
        rows = windows[:, None] * COLUMNS + np.arange(WINDOW * COLUMNS)
        return self._run(self._net.hear, cepstra[rows].transpose(0, 2, 1)[:, None])

    def _lips(self, windows: Tensor) -> Tensor:
        channels = windows.permute(0, 4, 1, 2, 3).flatten(1, 2)
        return self._net.see(channels.to(self._runtime.dtype))

    def _run(self, function, rows: np.ndarray) -> np.ndarray:
        with self._runtime.inference():
            return self._runtime.fetch(self._batches.run(function, self._runtime.send(rows)))


def frames_of(grid: Grid, windows: np.ndarray) -> np.ndarray:
    """Output frames that windows show, ascending, each once."""
    return np.unique(grid.frame[windows[:, None] + np.arange(WINDOW)])


def lip_windows(frames: Iterable[Frame], grid: Grid, windows: np.ndarray) -> Iterator[np.ndarray]:
    """Windows ``uint8[5,224,224,3]`` BGR that begin at ascending moments; ``frames`` are those of them."""
    begins = set(windows.tolist())
    rows = np.unique(windows[:, None] + np.arange(WINDOW))
    firsts = np.unique(grid.frame[rows], return_index=True)[1]
    last: deque[np.ndarray] = deque(maxlen=WINDOW)
    for shown, frame in zip(np.split(rows, firsts[1:]), frames, strict=True):
        for row in shown.tolist():
            last.append(cut_lips(frame, grid.face[row]))
            if row - WINDOW + 1 in begins:
                yield np.stack(last)


def watch(
    watcher: Watcher, frames: Iterable[Frame], grid: Grid, windows: np.ndarray, cepstra: np.ndarray
) -> np.ndarray:
    """Distances of windows for each shift, added up, ``float64[2 SHIFTS + 1]``.

    Args:
        watcher: the network.
        frames: those of ``frames_of``, in order.
        grid: the moments.
        windows: ``int64[w]``, ascending first moments, at least one.
        cepstra: ``float32[4 G,13]`` of the whole output.
    """
    heard = heard_windows(grid, windows)
    needed = np.unique(heard[heard >= 0])
    rows = np.where(heard >= 0, np.searchsorted(needed, heard), -1)
    return distances(watcher.see(lip_windows(frames, grid, windows)), watcher.hear(cepstra, needed), rows)
