"""Which tracks show the same person."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lipsync_ray.people.likeness import SAME, likeness


def group_people(
    descriptions: Mapping[int, np.ndarray], together: np.ndarray, same: float = SAME
) -> dict[int, int]:
    """Number of the person of each described track, from 0 in the order of the tracks.

    The two most alike groups of tracks become one, again and again, as long as their tracks are at least
    ``same`` alike in the mean. Groups of which two tracks are seen in one frame stay two people.

    Args:
        descriptions: ``float32[128]`` by track.
        together: pairs of tracks that are seen in one frame, ``int32[m,2]`` of ``seen_together``.
        same: likeness of one person, 0..1.
    """
    names = sorted(descriptions)
    if not names:
        return {}
    alike = _table(np.stack([descriptions[name] for name in names]))
    place = {name: index for index, name in enumerate(names)}
    for one, other in together.tolist():
        if one in place and other in place:
            alike[place[one], place[other]] = alike[place[other], place[one]] = -np.inf
    return dict(zip(names, _numbered(_merged(alike, same)), strict=True))


def seen_together(tracks: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Pairs of tracks that share a frame, ``int32[m,2]``, each once; rows come in the order of frames."""
    found: set[tuple[int, int]] = set()
    edges = np.flatnonzero(np.diff(frames)) + 1
    for part in np.split(tracks, edges):
        names = sorted(set(part.tolist()))
        found.update((one, other) for i, one in enumerate(names) for other in names[i + 1 :])
    return np.array(sorted(found), np.int32).reshape(-1, 2)


def _table(vectors: np.ndarray) -> np.ndarray:
    """Likeness of each with each, ``float64[n,n]``; -inf with itself."""
    alike = np.stack([likeness(vectors, one) for one in vectors]).astype(np.float64)
    np.fill_diagonal(alike, -np.inf)
    return alike


def _merged(alike: np.ndarray, same: float) -> list[int]:
    """For each row the first row of its group; ``alike`` is used up."""
    count = len(alike)
    owner, weight = list(range(count)), np.ones(count)
    while True:
        one, other = sorted(divmod(int(np.argmax(alike)), count))
        if alike[one, other] < same:
            return owner
        total = weight[one] + weight[other]
        # The mean over all pairs of tracks; what may not meet stays at minus infinity.
        row = (alike[one] * weight[one] + alike[other] * weight[other]) / total
        alike[one], alike[:, one] = row, row
        alike[one, one] = alike[other] = alike[:, other] = -np.inf
        weight[one] = total
        owner = [one if name == other else name for name in owner]


def _numbered(owners: list[int]) -> list[int]:
    order = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    return [order[owner] for owner in owners]
