"""What each shot of a video shows: how many faces, whose mouth is dubbed, and where it is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.faces.select import Reason, TargetFaces
from lipsync_ray.layout import columns


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotFacts:
    """One shot of the source. Frames are those of the source, half-open."""

    number: int
    start: int
    stop: int
    start_s: float
    stop_s: float
    faces: list[int]  # numbers of all faces that are seen in it
    speakers: list[int]  # those that are dubbed
    width_px: float  # of the speakers' faces, median
    dubbed: float  # share of its frames, 0 to 1
    left_alone: dict[str, float]  # shares of its frames, by reason
    shown: int | None  # a frame in which a speaker is seen well, nearest to the middle; None: nobody is


def shots_of(analysis: Analysis, times: np.ndarray, end_s: float) -> list[ShotFacts]:
    """All shots of a video.

    Args:
        analysis: its faces.
        times: ``float64[n]`` s, of the source's frames.
        end_s: when the last of them ends.
    """
    stops = [*analysis.shots[1:], len(times)]
    edges = np.append(times, end_s)
    return [
        _shot(analysis, number, start, stop, (float(edges[start]), float(edges[stop])))
        for number, (start, stop) in enumerate(zip(analysis.shots, stops, strict=True))
    ]


def _shot(analysis: Analysis, number: int, start: int, stop: int, span: tuple[float, float]) -> ShotFacts:
    light, target = analysis.scan.light(), analysis.target
    rows = slice(*np.searchsorted(light.frame, [start, stop]))
    reason = target.reason[start:stop]
    usable = np.flatnonzero(reason == Reason.USABLE)
    speakers = [found for role in analysis.roles if (found := _most(role.target, start, stop)) is not None]
    seen = target.row[start:stop][usable]
    return ShotFacts(
        number=number,
        start=start,
        stop=stop,
        start_s=round(span[0], 3),
        stop_s=round(span[1], 3),
        faces=np.unique(light.face[rows]).tolist(),
        speakers=sorted(set(speakers)),
        width_px=round(float(np.median(light.width[seen])), 1) if len(seen) else 0.0,
        dubbed=round(len(usable) / (stop - start), 4),
        left_alone=_shares(reason),
        shown=_shown(target, start, usable, stop - start),
    )


def _most(target: TargetFaces, start: int, stop: int) -> int | None:
    """Number of the face that is dubbed in most frames of a shot."""
    usable = target.reason[start:stop] == Reason.USABLE
    found, counts = np.unique(target.face[start:stop][usable], return_counts=True)
    return int(found[np.argmax(counts)]) if len(found) else None


def _shares(reason: np.ndarray) -> dict[str, float]:
    shares = {kind.name.lower(): float((reason == kind).mean()) for kind in Reason if kind != Reason.USABLE}
    return {name: round(share, 4) for name, share in shares.items() if share}


def _shown(target: TargetFaces, start: int, usable: np.ndarray, length: int) -> int | None:
    if not len(usable):
        return None
    full = usable[target.strength[start + usable] >= 1]
    clear = full if len(full) else usable
    return start + int(clear[np.argmin(np.abs(clear - length // 2))])


def shot_table(shots: Sequence[ShotFacts], *, most: int) -> str:
    """The shots for a person, at most so many of them."""
    rows = [("SHOT", "FROM", "TO", "FACES", "SPEAKER", "WIDTH", "DUBBED", "LEFT ALONE")]
    rows += [
        (
            str(shot.number),
            f"{shot.start_s:.2f} s",
            f"{shot.stop_s:.2f} s",
            str(len(shot.faces)),
            ", ".join(f"#{number}" for number in shot.speakers) or "nobody",
            f"{shot.width_px:.0f} px" if shot.speakers else "",
            f"{shot.dubbed:.0%}",
            ", ".join(f"{reason} {share:.0%}" for reason, share in shot.left_alone.items()),
        )
        for shot in shots
    ]
    return columns(rows, most=most)
