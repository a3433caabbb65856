"""What D-Net is told of a face: coefficients of each frame, and windows of them around a frame."""

from __future__ import annotations

import numpy as np

EXPRESSION = 64  # coefficients of a 3-D expression
BEFORE, AFTER = 13, 12  # frames of a window on each side of its own
ROW = 73  # expression 64, angle 3, translation 3, and of the network's picture scale and place
_ANGLE = slice(EXPRESSION, EXPRESSION + 3)
SCALE = EXPRESSION + 6  # row of the scale in a window
# Where these lie among the network's 257 (identity 80, expression 64, texture 80, angle 3, light 27,
# translation 3) and the placement's 5 (width, height, scale, place 2).
_MOTION = np.r_[80:144, 224:227, 254:257, 259:262]


def frame_rows(coefficients: np.ndarray, placements: np.ndarray) -> np.ndarray:
    """All that is known of each frame, ``float32[N,262]``.

    Args:
        coefficients: ``[N,257]`` of the network.
        placements: ``[N,5]`` of ``fit3dmm.placements``.
    """
    return np.concatenate([coefficients, placements], 1).astype(np.float32)


def motion_rows(rows: np.ndarray) -> np.ndarray:
    """What D-Net is told of it, ``float32[N,73]``, of rows ``[N,262]``."""
    return np.ascontiguousarray(rows[:, _MOTION], np.float32)


def windows(
    rows: np.ndarray,
    breaks: np.ndarray,
    first: int,
    count: int,
    *,
    expression: np.ndarray | None = None,
    ratio: float = 1.0,
) -> np.ndarray:
    """Windows ``float32[count,73,26]`` around rows ``first`` and on: 13 rows before each, itself, 12 after.

    At the ends of a run its outermost row is repeated. A row without a face is replaced by the nearest one
    with a face in the same window (of two, the earlier); so a window depends on its own rows alone, however
    ``rows`` was cut. If it has none, it is NaN.

    Args:
        rows: ``[M,73]``; NaN = no face.
        breaks: ``bool[M]``, True: the picture does not go on from the row before.
        first: row of the first window's own frame.
        count: windows.
        expression: ``[64]`` to take in place of the frames' own; None: theirs.
        ratio: by which the scales are multiplied, see ``scale_ratio``.
    """
    own = np.arange(first, first + count)
    start, stop = _runs(breaks, own)
    near = np.clip(own[:, None] + np.arange(-BEFORE, AFTER + 1), start[:, None], stop[:, None] - 1)
    there = np.asarray(np.isfinite(rows).all(1))[near]
    distance = np.abs(near[:, :, None] - near[:, None, :]) + np.where(there, 0, len(rows))[:, None, :]
    taken = np.take_along_axis(near, distance.argmin(2), 1)
    out = rows[taken].transpose(0, 2, 1).astype(np.float32)
    out[:, SCALE] *= np.float32(ratio)
    if expression is not None:
        out[:, :EXPRESSION] = np.where(np.isnan(out[:, :1]), np.nan, expression[:, None])
    return out


def scale_ratio(source: np.ndarray, rows: np.ndarray) -> float:
    """Scale of a picture over that of the most similar frame: for a source that is none of the frames.

    Similar is what has the least 0.3 mean |d expression| + 0.7 mean |d angle|. A frame is most similar to
    itself, and its ratio 1.

    Args:
        source: ``[73]``.
        rows: ``[M,73]`` of the frames; NaN = no face.
    """
    apart = np.abs(rows.astype(np.float64) - source)
    distance = 0.3 * apart[:, :EXPRESSION].mean(1) + 0.7 * apart[:, _ANGLE].mean(1)
    return float(source[SCALE] / rows[np.nanargmin(distance), SCALE])


def _runs(breaks: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First row, and the row after the last, of the run of each row."""
    starts = np.flatnonzero(np.concatenate([[True], breaks[1:]]))
    run = np.searchsorted(starts, own, side="right") - 1
    return starts[run], np.append(starts[1:], len(breaks))[run]
