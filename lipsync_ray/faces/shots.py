"""Shots: where one scene ends and another begins."""

from __future__ import annotations

import numpy as np

from lipsync_ray.faces.signature import distance, layout_distance, thumbs

SUSPECT = 0.2  # distance of neighbours at which a follower of faces looks again
CUT = 0.22  # score of a frame that begins a shot
CLEAR = 2.0  # times the typical score around it: a moving camera is restless all the time
AROUND = 6  # frames on each side that count as around
FLASH = 3  # frames: a disturbance this short is no cut
SHORTEST_S = 0.2  # between two cuts
BLEND = (6, 12)  # half lengths, in frames, of the dissolves and fades looked for
BLOCK, CONTEXT = 4096, 64  # frames scored at a time, and seen around them
BLEND_LAYOUT = 0.45  # change of layout across a dissolve
BLEND_RESIDUE = 0.3  # how far the middle may be from the mean of both ends, of the ends' own difference


def cut_scores(signatures: np.ndarray) -> np.ndarray:
    """How much each frame looks like the beginning of another scene, ``float32[n]`` in 0..1.

    ``signatures`` are ``uint8[n,160]``. A frame scores the smallest distance of any pair of frames
    around the border that has one of its two neighbours in it and spans up to ``FLASH`` more frames: a
    flash, a dropped picture or an insert of three frames comes back to what was there, a cut does not.
    Dissolves and fades score in their middle frame. Works in blocks, so that memory does not grow with
    the length of the video beyond the signatures themselves.
    """
    scores = [np.zeros(0, np.float32)]
    for start in range(0, len(signatures), BLOCK):
        first = max(0, start - CONTEXT)
        block = _scores(signatures[first : start + BLOCK + CONTEXT])
        scores.append(block[start - first : start - first + BLOCK])
    return np.concatenate(scores)


def _scores(signatures: np.ndarray) -> np.ndarray:
    n = len(signatures)
    scores = np.zeros(n, np.float32)
    if n < 2:
        return scores
    scores[1:] = distance(signatures[:-1], signatures[1:])
    for lag in range(2, FLASH + 2):
        if n <= lag:
            break
        apart = distance(signatures[:-lag], signatures[lag:])
        scores[1 : n - lag + 1] = np.minimum(scores[1 : n - lag + 1], apart)  # i-1 against frames after i
        scores[lag:] = np.minimum(scores[lag:], apart)  # frames before i-1 against i
    for half in BLEND:
        _add_blends(scores, signatures, half)
    return scores


def _add_blends(scores: np.ndarray, signatures: np.ndarray, half: int) -> None:
    """Raise the score in the middle of each slow change: there the picture is the mean of both scenes."""
    n = len(signatures)
    if n <= 2 * half:
        return
    first, middle, last = signatures[: -2 * half], signatures[half:-half], signatures[2 * half :]
    change = layout_distance(first, last)
    p, m, q = thumbs(first), thumbs(middle), thumbs(last)
    apart = np.abs(q - p).mean(1)
    residue = np.abs(m - (p + q) / 2).mean(1) / np.maximum(apart, 1.0)
    blend = np.where((change > BLEND_LAYOUT) & (residue < BLEND_RESIDUE) & (apart > 8), change - residue, 0.0)
    for at in np.flatnonzero(blend):
        near = slice(max(0, at - half), at + half + 1)
        frames = slice(max(0, at), at + 2 * half + 1)
        # Hard cuts within the window explain the change better than a dissolve does.
        if blend[at] >= blend[near].max() and scores[frames].max() < CUT:
            scores[at + half] = max(scores[at + half], CUT, blend[at])


def find_cuts(scores: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Frames that begin a shot, ``int64[s]``; the first is always 0.

    Args:
        scores: ``float32[n]`` of :func:`cut_scores`.
        times: ``float64[n]`` s, of the frames.
    """
    starts = [0] if len(scores) else []
    for index in np.flatnonzero(scores >= CUT):
        low, high = max(1, index - AROUND), index + AROUND + 1
        around = np.delete(scores[low:high], index - low)
        typical = float(np.median(around)) if len(around) else 0.0
        # Of several high scores in a row the highest is the border.
        best = scores[max(1, index - 2) : index + 3].max() == scores[index]
        if (
            index
            and best
            and scores[index] > CLEAR * typical
            and times[index] - times[starts[-1]] >= SHORTEST_S
        ):
            starts.append(int(index))
    return np.array(starts, np.int64)


def shot_of(starts: np.ndarray, n: int) -> np.ndarray:
    """Number of the shot of each of ``n`` frames, ``int32[n]``."""
    return (np.searchsorted(starts, np.arange(n), side="right") - 1).astype(np.int32)
