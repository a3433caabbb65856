"""Choices of the unit selection engine that a user may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSelectionSettings:
    """How mouth units are picked. Costs are relative: 1 is about one standard deviation of the mouth."""

    name: Literal["unit_selection"] = "unit_selection"
    max_units: int = 1500  # pictures to choose from; more costs time and memory, little is gained
    max_bank_mb: int = 256  # of mouth pictures in memory: a 4K close-up gets fewer units
    candidates: int = 80  # units per frame that the path search looks at
    join_cost: float = 2.0  # of leaving the order of the source: more keeps longer stretches, follows less
    max_holds: int = 4  # frames one picture may stand still while the mouth should move
    max_yaw: float = 25.0  # degrees; mouths seen more from the side are no good elsewhere
    crossfade: bool = True  # soften a hard join by one mixed frame on each side
    layered: Literal["auto", "always", "never"] = "auto"  # draw the inside of the mouth in layers
    min_frames: int = 40  # usable frames below which units are hopeless
    min_aperture_range: float = 0.07  # IO between the 3rd and 97th percentile; less is a silent mouth

    def __post_init__(self) -> None:
        if self.layered not in ("auto", "always", "never"):
            raise ConfigError(f"engine.layered must be auto, always or never, not {self.layered!r}")
        for name in ("max_units", "max_bank_mb", "candidates", "min_frames"):
            if getattr(self, name) < 1:
                raise ConfigError(f"engine.{name} must be at least 1, not {getattr(self, name)}")
        if self.join_cost < 0 or self.max_holds < 1 or not 0 < self.max_yaw <= 90:
            raise ConfigError(
                "engine.join_cost must not be negative, engine.max_holds at least 1 and engine.max_yaw "
                f"within 90 degrees, not {self.join_cost}, {self.max_holds}, {self.max_yaw}"
            )
