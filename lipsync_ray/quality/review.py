"""What is said of a dub that was measured: its figures, its flags, and one number to rank it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lipsync_ray.quality.figures import Figures, Seen, sum_up
from lipsync_ray.quality.flags import Flag, find_flags
from lipsync_ray.quality.settings import QualitySettings

VERSION = 1  # of what ``to_plain`` gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A measured dub."""

    figures: Figures
    flags: tuple[Flag, ...]
    frames: int

    @property
    def concern(self) -> float:
        """How much a person should look at it: 0 nothing is flagged; else flagged share times severity."""
        if not self.frames:
            return 0.0
        weighed = sum((flag.stop - flag.start) * flag.severity() for flag in self.flags)
        seams = sum(flag.kind == "seam" for flag in self.flags)
        return round(weighed / self.frames + 0.1 * seams, 3)

    def concern_of(self, start: int, stop: int) -> float:
        """Of the frames ``[start, stop)`` alone; flags of the whole dub tell nothing about a part."""
        parts = (flag for flag in self.flags if not flag.whole)
        weighed = sum(
            flag.severity() * max(0, min(flag.stop, stop) - max(flag.start, start)) for flag in parts
        )
        return round(weighed / max(stop - start, 1), 3)

    def to_plain(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "version": VERSION,
            "concern": self.concern,
            "figures": self.figures.to_plain(),
            "flags": [asdict(flag) for flag in self.flags],
        }


def make_review(seen: Seen, passed_through: Mapping[str, int], settings: QualitySettings) -> Review:
    """Sum up and judge a measured output."""
    figures = sum_up(seen, passed_through)
    return Review(figures=figures, flags=tuple(find_flags(seen, figures, settings)), frames=len(seen))
