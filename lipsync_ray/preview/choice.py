"""Which output frames a preview shows: arithmetic on times, on what is dubbed and on how loud the talk is."""

from __future__ import annotations

import numpy as np

from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.media.output_times import Timeline

_ROUNDED = 5e-4  # s: a time that was read off a label, in milliseconds, means the frame it was read off
_SILENT = 0.2  # worth of a dubbed frame in which nobody talks, against one in which somebody does


def frame_at(timeline: Timeline, at: float) -> int:
    """The output frame that is shown at ``at`` seconds; before the first frame it is the first.

    Raises:
        ConfigError: the output does not last so long.
    """
    end = float(timeline.duration)
    if at > end + _ROUNDED:
        raise ConfigError(f"preview.at={at:g} is after the end of the output: choose 0 to {end:.3f} s")
    return max(0, int(np.searchsorted(timeline.times(), at + _ROUNDED, side="right")) - 1)


def telling_frame(strength: np.ndarray, talk: np.ndarray) -> int:
    """The frame that shows most of a dub: dubbed wholly, while the voice is loudest and the mouth open.

    Without talk it is the middle of the longest stretch that is dubbed, without that the middle of all.

    Args:
        strength: ``float[T]`` 0 (left alone) to 1 (dubbed).
        talk: ``float[T]`` 0 (nobody talks) to 1 (loudest).
    """
    worth = strength * talk
    if worth.max() > 0:
        return int(np.argmax(worth))
    edges = np.flatnonzero(np.diff(np.pad(strength > 0, 1).astype(np.int8)))
    if not len(edges):
        return len(strength) // 2
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return int(starts[longest] + stops[longest]) // 2


def telling_stretch(
    timeline: Timeline, strength: np.ndarray, talk: np.ndarray, seconds: float
) -> tuple[int, int]:
    """Frames ``[start, stop)`` of the ``seconds`` in which a dub talks most; arrays as ``telling_frame``."""
    times, end = timeline.times(), float(timeline.duration)
    worth = (strength > 0) * (_SILENT + (1 - _SILENT) * (talk > 0)) * np.diff(times, append=end)
    sums = np.concatenate([[0.0], np.cumsum(worth)])
    starts = np.flatnonzero(times + seconds <= end + _ROUNDED)
    starts = starts if len(starts) else np.array([0])
    stops = stop_after(times, starts, seconds)
    best = int(np.argmax(np.round(sums[stops] - sums[starts], 6)))  # of equals the first, whatever rounding
    return int(starts[best]), int(stops[best])


def stop_after(times: np.ndarray, starts: np.ndarray, seconds: float) -> np.ndarray:
    """The frame after the last one that begins within ``seconds`` of each of ``starts``, ``int64``."""
    return np.maximum(np.searchsorted(times, times[starts] + seconds - _ROUNDED), starts + 1)


def spread(dubbed: np.ndarray, count: int) -> np.ndarray:
    """Dubbed frames evenly spread over all of them, ``count`` at most: ``int64``, ascending.

    Raises:
        FaceNotFound: ``dubbed`` (``bool[T]``) has none.
    """
    inside = np.flatnonzero(dubbed)
    if not len(inside):
        raise FaceNotFound("no frame of the output is dubbed; preview.kind=frame tells why of each moment")
    count = min(count, len(inside))
    # The middle of equal stretches: the very first and last frames are the least telling.
    return inside[((np.arange(count) + 0.5) * len(inside) / count).astype(np.int64)]
