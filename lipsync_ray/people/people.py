"""The people of a video: who is seen in which row of its faces, and who is like a given face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipsync_ray.faces.track import FaceScan
from lipsync_ray.media.table import FrameTable
from lipsync_ray.people.group import group_people, seen_together
from lipsync_ray.people.likeness import SAME, Describer, likeness
from lipsync_ray.people.network import LENGTH
from lipsync_ray.people.tracks import Fetch, describe_tracks, tracks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is who in a video; lives as long as the choice of a speaker, and is never written anywhere."""

    frame: np.ndarray  # int64[r] of the rows of LightFaces
    track: np.ndarray  # int32[r], see tracks_of
    person: np.ndarray  # int32[r], from 0 in the order of first sight; -1: shown too badly to tell
    descriptions: np.ndarray  # float32[p,128], the mean over each person's tracks
    tracks: dict[int, np.ndarray]  # float32[128] of each described track

    def __len__(self) -> int:
        return len(self.descriptions)

    def likeness(self, reference: np.ndarray) -> np.ndarray:
        """How much each person is like a face ``[128]``, ``float64[p]`` in 0..1."""
        return likeness(self.descriptions, reference)

    def like(self, reference: np.ndarray, least: float = SAME) -> np.ndarray:
        """Rows that show the person of a face ``[128]``, ``bool[r]``; ``choose`` takes them as among."""
        return self.nearest([reference], least) == 0

    def nearest(self, references: Sequence[np.ndarray], least: float = SAME) -> np.ndarray:
        """Which of several faces each row is like, ``int32[r]``; -1: none of them.

        A person is the face that is most like it, if that is at least ``least``. Of two people in one shot
        and seen together who would be the same face, the one more alike is.
        """
        out = np.full(len(self.person), -1, np.int32)
        if not len(self) or not references:
            return out
        alike = np.stack([self.likeness(reference) for reference in references])
        best = np.where(alike.max(0) >= least, alike.argmax(0), -1).astype(np.int32)
        seen = self.person >= 0
        out[seen] = best[self.person[seen]]
        for number, reference in enumerate(references):
            self._keep_one(out, number, reference)
        return out

    def _keep_one(self, out: np.ndarray, number: int, reference: np.ndarray) -> None:
        """Take back the tracks that are seen together with one more like the face."""
        mine = sorted({int(track) for track in self.track[out == number]})
        taken = np.zeros(int(self.frame.max()) + 1, bool)
        for track in sorted(mine, key=lambda name: -float(likeness(self.tracks[name], reference))):
            rows = self.track == track
            if taken[self.frame[rows]].any():
                out[rows] = -1
            else:
                taken[self.frame[rows]] = True


def find_people(
    scan: FaceScan, shots: np.ndarray, table: FrameTable, fetch: Fetch, describer: Describer
) -> People:
    """Tell the people of a video apart.

    Args:
        scan: all faces of the video.
        shots: number of the shot of every frame, ``int32[n]``, of ``shot_of``.
        table: the frames' times, and the picture's size.
        fetch: gets crops of frames.
        describer: describes faces.
    """
    light = scan.light()
    tracks = tracks_of(light, shots)
    found = describe_tracks(tracks, scan, shots, table, fetch, describer)
    persons = group_people(found, seen_together(tracks, light.frame))
    of_track = np.full(int(tracks.max(initial=-1)) + 1, -1, np.int32)
    of_track[list(persons)] = list(persons.values())
    means = [
        np.mean([found[track] for track, person in persons.items() if person == number], 0)
        for number in range(max(persons.values(), default=-1) + 1)
    ]
    return People(
        frame=light.frame,
        track=tracks,
        person=of_track[tracks],
        descriptions=np.array(means, np.float32).reshape(-1, LENGTH),
        tracks=found,
    )
