"""One odd input: how it is made, and what a run of it has to end in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.corpus.stock import FRAMES, SIZE, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The words of a command that concern the case; sound and video are the stock's own where None."""

    video: str | Path | None = None
    audio: str | Path | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dubbed:
    """Status 0 and an output, which is looked at."""

    frames: int | None = FRAMES  # None: some, which the encoder of this machine decides
    size: tuple[int, int] = SIZE  # shown, upright, in samples
    times: tuple[float, ...] | None = None  # seconds; None: evenly, at ``rate``
    rate: float = 25.0
    kept: int | None = 0  # frames without a face that can speak: shown as they are; None: some
    says: str = ""  # part of a warning
    sound: bool = True
    note: str = ""  # for people, where the right output can be argued about

    def text(self) -> str:
        """What people are told."""
        count = "some" if self.frames is None else str(self.frames)
        mouth = "all speak" if self.kept == 0 else "some speak"
        if self.kept and self.frames:
            mouth = f"{self.frames - self.kept} speak" if self.frames > self.kept else "none speaks"
        parts = [f"{count} frame{'s' * (self.frames != 1)} of {self.size[0]}x{self.size[1]}, {mouth}"]
        parts += [f"warning: … {self.says} …"] * bool(self.says) + [self.note] * bool(self.note)
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Status 1, one line that begins with the code, and nothing written."""

    code: str
    says: str  # part of the line
    note: str = ""

    def text(self) -> str:
        """What people are told."""
        return f"`{self.code}`: … {self.says} …" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An odd input."""

    name: str
    what: str  # for people: what it is
    make: Callable[[Path, Stock], Given]  # writes into an empty folder
    ends: Dubbed | Refused
    changes: bool = False  # the run itself changes its inputs: they vanish
    needs: frozenset[str] = field(default_factory=frozenset)  # "clips": the real ones
