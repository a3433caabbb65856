"""Lip-sync error as SyncNet tells it: which frames it is asked about, and what its distances say.

Everything happens at 25 moments a second, the frame rate that the network knows. Names and rules are those of
``syncnet_python`` (Chung & Zisserman) with Wav2Lip's settings (Prajwal et al. 2020): LSE-D is the least mean
distance of sound and lips over shifts of up to 15 frames, LSE-C the median of these less the least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FPS = 25  # moments a second
WINDOW = 5  # frames that the network sees at once
COLUMNS = 4  # rows of cepstra for a frame; the network hears those of its five
SHIFTS = 15  # frames by which sound and lips are shifted, at most, each way
LEAST_FRAMES = 25  # of a run: in less, most shifts leave it
# In a run's last window the original's cepstra would end before the sound does, and it leaves that one out.
_REACH = WINDOW + 1
_MEDIAN = 13  # frames over which the face's place is the median
_TINY = 1e-6  # in each difference of features, as torch's pairwise_distance has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lse:
    """What SyncNet says of a dub."""

    c: float  # confidence: higher is better
    d: float  # distance: lower is better
    offset: int  # frames at 25 a second by which the mouth comes after its sound, where both fit best
    windows: int  # that this rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The output at 25 moments a second."""

    frame: np.ndarray  # int64[G] output frame that is nearest to each moment
    face: np.ndarray  # float64[G,3] px: centre and half the side of the face, NaN outside runs
    run: np.ndarray  # int64[G] number of the run of usable moments, -1 outside

    def __len__(self) -> int:
        return len(self.frame)

    def windows(self) -> np.ndarray:
        """First moments of all windows, ``int64[w]``."""
        if len(self) < _REACH:
            return np.zeros(0, np.int64)
        begins, ends = self.run[: 1 - _REACH], self.run[_REACH - 1 :]
        return np.flatnonzero((begins >= 0) & (begins == ends))

    def between(self, start: int, stop: int) -> np.ndarray:
        """Of them those that begin with output frames ``[start, stop)``."""
        windows = self.windows()
        return windows[(self.frame[windows] >= start) & (self.frame[windows] < stop)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """Distances of sound and lips for each shift, added up over windows."""

    frames: int  # output frames that were looked at
    windows: int
    total: np.ndarray  # float64[2 SHIFTS + 1]: the sound of shift k - SHIFTS frames later

    def __len__(self) -> int:
        return self.frames


def make_grid(times: np.ndarray, boxes: np.ndarray, usable: np.ndarray, breaks: np.ndarray) -> Grid:
    """Choose the moments, and where the face is in each.

    Args:
        times: ``float64[T]`` s of the output frames.
        boxes: ``float[T,4]`` px, the face's box (x0 y0 x1 y1), NaN where it is not known.
        usable: ``bool[T]``, frames that count.
        breaks: ``bool[T]``, frames that do not go on from the one before.
    """
    moments = times[0] + np.arange(int((times[-1] - times[0]) * FPS + 1e-6) + 1) / FPS
    frame = np.searchsorted((times[1:] + times[:-1]) / 2, moments, side="right")
    good = (usable & np.isfinite(boxes).all(axis=1))[frame]
    part = np.cumsum(breaks)[frame]
    begins = good & ~(np.concatenate([[False], good[:-1]]) & (np.diff(part, prepend=-1) == 0))
    run = np.where(good, np.cumsum(begins) - 1, -1)
    face = np.full((len(frame), 3), np.nan)
    for number in range(int(begins.sum())):
        rows = np.flatnonzero(run == number)
        if len(rows) < LEAST_FRAMES:
            run[rows] = -1
        else:
            face[rows] = _steady(_places(boxes[frame[rows]].astype(np.float64)))
    return Grid(frame=frame, face=face, run=run)


def _places(boxes: np.ndarray) -> np.ndarray:
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.column_stack([(boxes[:, 2:] + boxes[:, :2]) / 2, sides.max(axis=1) / 2])


def _steady(places: np.ndarray) -> np.ndarray:
    """The running median; ends repeat (the original's sink towards 0 there)."""
    reach = _MEDIAN // 2
    padded = np.pad(places, ((reach, reach), (0, 0)), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN, axis=0), axis=-1)


def heard_windows(grid: Grid, windows: np.ndarray) -> np.ndarray:
    """Windows of a run that sound is needed of for these, with all shifts: ``int64[w, 2 SHIFTS + 1]``.

    -1 where a shift leaves the run.
    """
    shifted = windows[:, None] + np.arange(-SHIFTS, SHIFTS + 1)
    known = np.zeros(len(grid), bool)
    known[grid.windows()] = True
    inside = np.clip(shifted, 0, len(grid) - 1)
    same = (inside == shifted) & known[inside] & (grid.run[inside] == grid.run[windows][:, None])
    return np.where(same, shifted, -1)


def distances(lips: np.ndarray, sound: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Distances of windows for each shift, added up, ``float64[2 SHIFTS + 1]``.

    Args:
        lips: ``float32[w,F]`` features.
        sound: ``float32[n,F]`` features.
        rows: ``int64[w, 2 SHIFTS + 1]``, which rows of ``sound`` belong to each window and shift; -1: none,
            what is compared with is 0, as in the original.
    """
    padded = np.concatenate([sound, np.zeros((1, lips.shape[1]), np.float32)])  # row -1
    total = np.zeros(rows.shape[1])
    for shift, column in enumerate(rows.T):
        away = lips - padded[column] + np.float32(_TINY)
        total[shift] = np.sqrt(np.square(away).sum(axis=1, dtype=np.float64)).sum()
    return total


def sum_up(parts: Sequence[Distances]) -> Lse | None:
    """What the distances of all parts say together; None where there are none."""
    windows = sum(part.windows for part in parts)
    if not windows:
        return None
    mean = np.sum([part.total for part in parts], axis=0) / windows
    best = int(mean.argmin())
    return Lse(
        c=round(float(np.median(mean) - mean[best]), 3),
        d=round(float(mean[best]), 3),
        offset=SHIFTS - best,
        windows=windows,
    )
