"""The people of a video as they are told to a person, and a first map of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lipsync_ray.faces.track import LightFaces
from lipsync_ray.layout import columns, duration
from lipsync_ray.speakers.guess import Turn
from lipsync_ray.speakers.settings import LEAVE, SpeakerRow

AROUND_S = 0.1  # added to both ends of a turn: the mouth opens before it is heard
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is seen in a video."""

    name: str  # of the map: a letter, or what a diarization calls them
    faces: list[int]  # numbers of the faces that are theirs, one for each stretch of a shot
    first_s: float  # when they are seen first
    last_s: float
    seen_s: float  # how long they are seen
    width_px: float  # of the face, median
    talks_s: float  # how long they probably talk
    shown: int  # a frame that shows them well

    @property
    def face(self) -> str:
        """The faces as a map names them."""
        return "+".join(map(str, self.faces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Everybody in a video, and who talks when."""

    people: list[Person]  # in the order of first sight
    turns: list[Turn]  # ``person`` is a place in ``people``
    unknown: list[int]  # faces that are too small, too short or too turned to tell whose they are
    sheet: bytes = field(
        default=b"", repr=False
    )  # JPEG with a thumbnail of each; empty if nobody asked for it

    def to_plain(self) -> dict[str, Any]:
        """What JSON can hold; without the picture."""
        turns = [{**asdict(turn), "person": self.people[turn.person].name} for turn in self.turns]
        return {"people": [asdict(person) for person in self.people], "turns": turns, "unknown": self.unknown}

    def rows(self, given: Sequence[SpeakerRow] = ()) -> list[SpeakerRow]:
        """A map to begin with; ``given`` tells when whom of the people talks, if that is known."""
        if given:
            faces = {person.name: person.face for person in self.people}
            known = {row.title for row in given if row.face}  # as the map has it
            first = [
                SpeakerRow(speaker=name, face=faces.get(name, ""))
                for name in dict.fromkeys(r.title for r in given)
                if name not in known
            ]
            return [*first, *given]
        talkers = {turn.person for turn in self.turns}
        return [row for number in range(len(self.people)) for row in self._rows_of(number, talkers)]

    def _rows_of(self, number: int, talkers: set[int]) -> list[SpeakerRow]:
        person = self.people[number]
        if number not in talkers and talkers:
            return [SpeakerRow(speaker=person.name, face=person.face, audio=LEAVE)]
        rows = [SpeakerRow(speaker=person.name, face=person.face)]
        if len(talkers) > 1:
            rows += [
                SpeakerRow(
                    speaker=person.name,
                    start=round(max(0.0, turn.start - AROUND_S), 3),
                    end=round(turn.end + AROUND_S, 3),
                )
                for turn in self.turns
                if turn.person == number
            ]
        return rows

    def text(self) -> str:
        """A table for a person."""
        if not self.people:
            return "nobody is seen well enough to be told from others"
        table = [("PERSON", "FACES", "SEEN", "FROM", "TO", "WIDTH", "TALKS")]
        table += [
            (
                person.name,
                person.face,
                duration(person.seen_s),
                f"{person.first_s:.2f} s",
                f"{person.last_s:.2f} s",
                f"{person.width_px:.0f} px",
                duration(person.talks_s) if person.talks_s else "-",
            )
            for person in self.people
        ]
        lines = [columns(table)]
        if self.unknown:
            lines.append(f"faces shown too badly to tell whose they are: {'+'.join(map(str, self.unknown))}")
        return "\n".join(lines)


def meet(
    light: LightFaces, person: np.ndarray, times: np.ndarray, turns: Sequence[Turn], names: dict[int, str]
) -> Meeting:
    """Tell who is there.

    Args:
        light: all faces of the video.
        person: ``int32[r]``, whom each row of ``light`` shows; -1: it cannot be told.
        times: ``float64[n]`` s of the frames.
        turns: who probably talks when.
        names: of people, where they are known.
    """
    steps = np.diff(times, append=times[-1] + (times[-1] - times[0]) / max(len(times) - 1, 1))
    people = []
    for number in range(int(person.max(initial=-1)) + 1):
        rows = np.flatnonzero(person == number)
        frames = light.frame[rows]
        talks = sum(turn.end - turn.start for turn in turns if turn.person == number)
        people.append(
            Person(
                name=names.get(number) or _letters(number),
                faces=np.unique(light.face[rows]).tolist(),
                first_s=round(float(times[frames[0]]), 3),
                last_s=round(float(times[frames[-1]]), 3),
                seen_s=round(float(steps[np.unique(frames)].sum()), 3),
                width_px=round(float(np.median(light.width[rows])), 1),
                talks_s=round(float(talks), 3),
                shown=int(frames[np.argmax(clarity(light, rows))]),
            )
        )
    unknown = np.unique(light.face[person < 0]).tolist()
    return Meeting(people=people, turns=list(turns), unknown=unknown)


def clarity(light: LightFaces, rows: np.ndarray) -> np.ndarray:
    """How well each of some rows shows its face, ``float32[m]``: large, seen from the front, sharp."""
    turned = np.abs(light.yaw[rows]) / 30 + np.abs(light.pitch[rows]) / 40
    return light.size[rows] * np.exp(-turned + np.minimum(light.sharpness[rows], 2))


def _letters(number: int) -> str:
    """A, B, … Z, AA, AB, …"""
    name = ""
    while number >= 0:
        name = _LETTERS[number % 26] + name
        number = number // 26 - 1
    return name
