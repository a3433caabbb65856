"""What is told about a preview."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.preview.moments import Moment
from lipsync_ray.preview.settings import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What is told about one frame that a preview shows."""

    number: int  # output frame
    time: float  # s of the output
    faces: int  # seen in it
    drawn: int  # of them
    why: str  # why it is left alone; empty: it is dubbed
    digest: str  # of its composited crop, as in a run; empty: the source's own frame

    @classmethod
    def of(cls, moment: Moment) -> Glimpse:
        """Of a moment, without its pictures."""
        return cls(
            number=moment.number,
            time=round(moment.time, 6),
            faces=moment.faces,
            drawn=moment.drawn,
            why=moment.why,
            digest=moment.digest,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A finished preview."""

    place: Path | str  # a path of the driver's machine, or an address in a store
    kind: Kind
    engine: str
    shown: tuple[Glimpse, ...]  # in order
    end: float  # s of the output: when the last of them ends
    dubbed: int  # frames of the whole output that are dubbed

    def text(self) -> str:
        """One line for a person."""
        first, last = self.shown[0], self.shown[-1]
        drawn = sum(not one.why for one in self.shown)
        left = ", ".join(sorted({one.why for one in self.shown if one.why}))
        if self.kind == "frame":
            made = f"left alone: {left}" if left else f"drawn by {self.engine}"
            of = f"{first.drawn} of {first.faces} faces"
            return f"{self.place}: {first.time:.3f} s (frame {first.number}), {of}, {made}"
        note = f" (left alone: {left})" if left else ""
        if self.kind == "clip":
            span = f"{first.time:.3f} to {self.end:.3f} s (frames {first.number} to {last.number})"
            return f"{self.place}: {span}, {drawn} of {len(self.shown)} frames drawn by {self.engine}{note}"
        many = f"{len(self.shown)} of {self.dubbed} dubbed frames, {first.time:.3f} to {last.time:.3f} s"
        return f"{self.place}: {many}, drawn by {self.engine}{note}"
