"""Where the upper teeth of a picture end and lower ones begin, which move with the jaw."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection.plane import Plane

_COLUMNS, _ROWS = 33, 28
_SIDE = 0.2  # of the mouth's width at each end, where everything is dark
_FROM, _TO = 0.12, 0.92  # of the height between the lips: the lips' own shadows lie outside
_LEAST_VALLEY = 0.08  # of the brightness around: less is no border between teeth
_FLAT = 0.05  # cost of a step of the line by one row
_SPOTLESS = 0.6  # share of the columns that must show the border
_LEAST_ROW = 0.015  # IO, height of a row of teeth
_PALE = 0.5  # of the lips' redness: what is redder below the line is a tongue or the lip
LIGHT = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bite:
    """A dark line between the upper teeth and the lower ones."""

    x: np.ndarray  # float64[k] ascending, head axes, IO
    y: np.ndarray  # float64[k]

    def at(self, x: np.ndarray) -> np.ndarray:
        """Height of the line."""
        return np.interp(x, self.x, self.y)


def find_bite(picture: np.ndarray, plane: Plane, lip: np.ndarray) -> Bite | None:
    """The line in a picture ``uint8[h,w,3]`` of an open mouth, None where no lower teeth are seen.

    ``lip [3]`` is the colour of the lips.

    A pixel lies in a valley as far as it is darker than the brightest pixels both above and below it in its
    column; the line is the path along the deepest valleys from one side to the other.
    """
    left, right = plane.corners
    x = np.linspace(left + _SIDE * (right - left), right - _SIDE * (right - left), _COLUMNS)
    top, bottom = plane.top(x), plane.bottom(x)
    y = top + np.linspace(_FROM, _TO, _ROWS)[:, None] * (bottom - top)
    seen = _read(picture, plane, np.broadcast_to(x, y.shape), y)
    light = seen @ LIGHT
    above = np.maximum.accumulate(light, axis=0)
    below = np.maximum.accumulate(light[::-1], axis=0)[::-1]
    around = np.maximum(np.minimum(above, below), 1.0)
    valley = 1.0 - light / around
    rows = _deepest(valley)
    columns = np.arange(_COLUMNS)
    if (valley[rows, columns] >= _LEAST_VALLEY).mean() < _SPOTLESS:
        return None
    line = y[rows, columns]
    thin = np.median(bottom - line) < _LEAST_ROW
    if thin or _red(_brightest_below(seen, light, rows)) > _PALE * _red(lip):
        return None
    return Bite(x=x, y=line)


def _brightest_below(seen: np.ndarray, light: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Median over the columns of the brightest colour from each one's row downwards."""
    lower = np.where(np.arange(_ROWS)[:, None] >= rows, light, -1.0)
    return np.median(seen[lower.argmax(axis=0), np.arange(_COLUMNS)], axis=0)


def _red(colour: np.ndarray) -> float:
    return float((colour[0] - colour[1]) / (colour.sum() + 1))


def _read(picture: np.ndarray, plane: Plane, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    m = plane.to_picture
    column = (m[0, 0] * x + m[0, 1] * y + m[0, 2]).astype(np.float32)
    row = (m[1, 0] * x + m[1, 1] * y + m[1, 2]).astype(np.float32)
    read = cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.blur(read.astype(np.float64), (3, 1))


def _deepest(valley: np.ndarray) -> np.ndarray:
    """Row of the path through each column that has the deepest valleys, ``int64[columns]``."""
    steps = _FLAT * np.abs(np.arange(_ROWS)[:, None] - np.arange(_ROWS)[None])
    total, back = valley[:, 0].copy(), np.zeros(valley.shape, np.int64)
    for column in range(1, _COLUMNS):
        reached = total[None] - steps
        back[:, column] = reached.argmax(axis=1)
        total = reached.max(axis=1) + valley[:, column]
    rows = np.empty(_COLUMNS, np.int64)
    rows[-1] = int(total.argmax())
    for column in range(_COLUMNS - 1, 0, -1):
        rows[column - 1] = back[rows[column], column]
    return rows
