"""What is said of a dub that was measured: its figures, its flags, and one number to rank it by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lipsync_ray.quality.figures import Figures, Seen, sum_up
from lipsync_ray.quality.flags import Flag, find_flags
from lipsync_ray.quality.settings import QualitySettings

VERSION = 1  # of what ``to_plain`` gives


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleReview:
    """One of the people in a measured dub."""

    name: str  # empty where there is but one
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
            "concern": self.concern,
            "figures": self.figures.to_plain(),
            "flags": [asdict(flag) for flag in self.flags],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A measured dub."""

    roles: tuple[RoleReview, ...]  # at least one

    @property
    def worst(self) -> RoleReview:
        """Whoever needs a look most."""
        return max(self.roles, key=lambda role: role.concern)

    @property
    def concern(self) -> float:
        """That of whoever needs a look most."""
        return self.worst.concern

    @property
    def flags(self) -> tuple[Flag, ...]:
        """All flags, role after role."""
        return tuple(flag for role in self.roles for flag in role.flags)

    def concern_of(self, start: int, stop: int) -> float:
        """Of the frames ``[start, stop)`` alone, added up over the roles."""
        return sum(role.concern_of(start, stop) for role in self.roles)

    def to_plain(self) -> dict[str, Any]:
        """What JSON can hold: figures of the only role; where there are several, of the worst and by name."""
        plain = {"version": VERSION, **self.worst.to_plain()}
        if len(self.roles) > 1:
            plain["flags"] = [{**asdict(f), "speaker": role.name} for role in self.roles for f in role.flags]
            plain["speakers"] = {role.name: role.to_plain() for role in self.roles}
        return plain


def make_review(seen: Sequence[Seen], passed_through: Mapping[str, int], settings: QualitySettings) -> Review:
    """Sum up and judge a measured output, given all its roles."""
    return Review(roles=tuple(_review(role, passed_through, settings) for role in seen))


def _review(seen: Seen, passed_through: Mapping[str, int], settings: QualitySettings) -> RoleReview:
    figures = sum_up(seen, passed_through)
    flags = tuple(find_flags(seen, figures, settings))
    return RoleReview(name=seen.name, figures=figures, flags=flags, frames=len(seen))
