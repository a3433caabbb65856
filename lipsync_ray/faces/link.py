"""One number for a face as long as it is followed in a shot, though every range was scanned alone."""

from __future__ import annotations

import numpy as np

from lipsync_ray.faces.detector import overlaps

GAP = 12  # frames a face may be away around the border of two ranges
SAME_FACE = 0.3  # overlap of boxes


def link(columns: dict[str, np.ndarray], ranges: list[tuple[int, int]], cuts: np.ndarray) -> np.ndarray:
    """Global face numbers ``int32[rows]``, in the order in which the faces are first seen.

    A face never keeps its number across a cut: another person may be at the same place then.

    Args:
        columns: ``frame int64[rows]`` ascending, ``face int32[rows]`` unique within a range, ``box
            float32[rows,4]``.
        ranges: the half-open ranges, in order.
        cuts: frames that begin a shot.
    """
    numbers = np.full(len(columns["frame"]), -1, np.int32)
    edges = np.searchsorted(columns["frame"], [start for start, _ in ranges] + [2**62])
    following = 0
    before: dict[int, tuple[int, np.ndarray]] = {}  # global number -> last frame, box
    for (start, stop), low, high in zip(ranges, edges[:-1], edges[1:], strict=True):
        frames, faces, boxes = (columns[name][low:high] for name in ("frame", "face", "box"))
        names = _continue(frames, faces, boxes, start, before, cuts)
        for face in _in_order(faces):
            if face not in names:
                names[face] = following
                following += 1
        numbers[low:high] = [names[int(face)] for face in faces]
        before = _tail(frames, numbers[low:high], boxes, stop)
    return _apart(numbers, columns["frame"], cuts)


def _apart(numbers: np.ndarray, frames: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """A number of its own for each face of each shot."""
    return numbered(np.searchsorted(cuts, frames, side="right"), numbers)


def numbered(shots: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Number of each pair of a shot and a face, ``int32[rows]``, in the order in which they first appear."""
    keys = shots.astype(np.int64) << 32 | faces.astype(np.int64)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.empty(len(first), np.int32)
    order[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    return order[inverse]


def _continue(
    frames: np.ndarray,
    faces: np.ndarray,
    boxes: np.ndarray,
    start: int,
    before: dict[int, tuple[int, np.ndarray]],
    cuts: np.ndarray,
) -> dict[int, int]:
    """Which faces at the head of a range are those of ``before``: best overlap first, each once."""
    pairs = []
    for face in _in_order(faces[frames < start + GAP]):
        row = int(np.argmax(faces == face))
        for number, (last, box) in before.items():
            cut_between = ((cuts > last) & (cuts <= frames[row])).any()
            overlap = float(overlaps(boxes[row].astype(np.float64), box[None].astype(np.float64))[0])
            if not cut_between and overlap > SAME_FACE:
                pairs.append((-overlap, face, number))
    names: dict[int, int] = {}
    for _, face, number in sorted(pairs):
        if face not in names and number not in names.values():
            names[face] = number
    return names


def _tail(
    frames: np.ndarray, numbers: np.ndarray, boxes: np.ndarray, stop: int
) -> dict[int, tuple[int, np.ndarray]]:
    """Last sight of each face near the end of a range."""
    near = np.flatnonzero(frames >= stop - GAP)
    return {int(numbers[row]): (int(frames[row]), boxes[row]) for row in near}


def _in_order(faces: np.ndarray) -> list[int]:
    """Distinct numbers in the order they first appear."""
    return list(dict.fromkeys(int(face) for face in faces))
