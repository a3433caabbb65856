"""A first guess at who talks when: mouths that are seen, held to the speech that is heard in the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lipsync_ray.faces.track import FaceScan
from lipsync_ray.speech.heard import TALKING, Heard

WINDOW_S = 0.6  # around each frame, to both sides: agreement of mouth and sound takes a second to show
SWITCH = 0.2  # seconds of full agreement that a change of speaker costs without a pause
SMALLEST_RANGE = 0.06  # distances between the eyes; a mouth that opens less rests
NOBODY = 0.12  # agreement of somebody who is not seen
PAUSE_S = 0.6  # a shorter pause does not end what somebody says
SHORTEST_S = 0.3  # of a turn
LEAST_MOTION = 0.1  # of the range, and of the opening that a sound can ask for
_EYES, _LIPS = (33, 263), (13, 14)
_BLOCK = 2000  # faces whose landmarks are in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A stretch in which one person probably talks."""

    person: int
    start: float  # s
    end: float  # s


def mouths(scan: FaceScan, person: np.ndarray, frames: int) -> np.ndarray:
    """Opening of each person's mouth in every frame, ``float64[p,n]`` eye distances; NaN: not seen.

    Args:
        scan: the faces.
        person: ``int32[r]``, whom each row of ``scan.light()`` shows; -1: nobody in particular.
        frames: of the video.
    """
    light = scan.light()
    out = np.full((int(person.max(initial=-1)) + 1, frames), np.nan)
    rows = np.flatnonzero(person >= 0)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        points = scan.landmarks(light.frame[part], light.face[part])
        gap, eyes = (np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in (_LIPS, _EYES))
        out[person[part], light.frame[part]] = gap / np.maximum(eyes, 1e-6)
    return out


def guess_turns(opening: np.ndarray, times: np.ndarray, heard: Sequence[Heard]) -> list[Turn]:
    """Who talks when, in order of time; nobody where no mouth that is seen goes with the speech.

    In each frame everyone's opening is held to the one that the sound lets expect, over a second around it,
    as a share of the person's own range; of all ways to give frames to people the one with the greatest sum
    is taken, in which a change of person has its price.

    Args:
        opening: ``float64[p,n]`` of ``mouths``.
        times: ``float64[n]`` s of the frames.
        heard: what the speech model made of the source's own sound, piece by piece.
    """
    if not len(opening) or len(times) < 2:
        return []
    talking = _talking(times, heard)
    path = _path(_scores(opening, times, heard), talking, times)
    return _turns(path, talking, times, len(opening))


def match_names(
    opening: np.ndarray,
    times: np.ndarray,
    heard: Sequence[Heard],
    spans: Mapping[str, Sequence[tuple[float, float]]],
) -> dict[str, int]:
    """Which person each name is, given when each of them talks; whom nobody is like is left out.

    Args:
        opening, times, heard: as for ``guess_turns``.
        spans: for each name the stretches of time in s, as a diarization tells them.
    """
    if not len(opening):
        return {}
    score = _scores(opening, times, heard)
    found: dict[str, int] = {}
    means = []
    for name, stretches in spans.items():
        inside = np.zeros(len(times), bool)
        for start, end in stretches:
            inside |= (times >= start) & (times < end)
        if inside.any():
            means += [(float(score[person, inside].mean()), name, person) for person in range(len(score))]
    for agreement, name, person in sorted(means, key=lambda one: -one[0]):
        if agreement > NOBODY and name not in found and person not in found.values():
            found[name] = person
    return found


def _scores(opening: np.ndarray, times: np.ndarray, heard: Sequence[Heard]) -> np.ndarray:
    talking = _talking(times, heard)
    expected = sum((piece.at(piece.evidence.aperture, times) for piece in heard), np.zeros(len(times)))
    return np.stack([_agreement(person, expected, talking, times) for person in opening])


def _talking(times: np.ndarray, heard: Sequence[Heard]) -> np.ndarray:
    return sum((piece.speech(times) for piece in heard), np.zeros(len(times))) > TALKING


def _agreement(
    opening: np.ndarray, expected: np.ndarray, talking: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Correlation of the opening and the expected one around each frame, ``float64[n]``; -1: not seen.

    That of a mouth which hardly moves counts less: noise agrees with anything.
    """
    seen = np.isfinite(opening)
    if not seen.any():
        return np.full(len(times), -1.0)
    reach = max(float(np.percentile(opening[seen], 85)), SMALLEST_RANGE)
    known = (seen & talking).astype(np.float64)
    low = np.searchsorted(times, times - WINDOW_S)
    high = np.searchsorted(times, times + WINDOW_S, side="right")

    def around(values: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[high] - total[low]

    count = np.maximum(around(known), 1.0)
    shown = np.where(seen, opening, 0.0) / reach
    one, two = (around(values * known) / count for values in (shown, expected))
    both = around(shown * expected * known) / count - one * two
    moved, asked = (
        np.sqrt(np.maximum(around(values**2 * known) / count - mean**2, 0.0))
        for values, mean in ((shown, one), (expected, two))
    )
    return np.where(seen, both / np.maximum(moved, LEAST_MOTION) / np.maximum(asked, LEAST_MOTION), -1.0)


def _path(score: np.ndarray, talking: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Whose turn each frame is, ``int64[n]``; ``p``, nobody that is seen, scores ``NOBODY``."""
    gain = np.vstack([score, np.full(score.shape[1], NOBODY)]) * np.where(talking, np.gradient(times), 0.0)
    price = np.where(talking[1:] & talking[:-1], SWITCH, 0.0)
    total, back = gain[:, 0].copy(), np.zeros(gain.shape, np.int64)
    for frame in range(1, gain.shape[1]):
        best = int(total.argmax())
        stays = total >= total[best] - price[frame - 1]
        back[:, frame] = np.where(stays, np.arange(len(total)), best)
        total = np.maximum(total, total[best] - price[frame - 1]) + gain[:, frame]
    path = np.empty(gain.shape[1], np.int64)
    path[-1] = int(total.argmax())
    for frame in range(gain.shape[1] - 1, 0, -1):
        path[frame - 1] = back[path[frame], frame]
    return path


def _turns(path: np.ndarray, talking: np.ndarray, times: np.ndarray, nobody: int) -> list[Turn]:
    """Stretches of talk of one person each, over short pauses; very short ones are left out."""
    turns: list[Turn] = []
    for frame in np.flatnonzero(talking):
        person, at = int(path[frame]), float(times[frame])
        if turns and turns[-1].person == person and at - turns[-1].end <= PAUSE_S:
            turns[-1] = Turn(person=person, start=turns[-1].start, end=at)
        else:
            turns.append(Turn(person=person, start=at, end=at))
    return [turn for turn in turns if turn.person != nobody and turn.end - turn.start >= SHORTEST_S]
