"""Options of the group ``preset``: how much of the picture is drawn at all.

What ``preset=NAME`` chooses is a file in conf/preset/, which may set options of other groups as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_ray.errors import ConfigError

MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetSettings:
    """Less work for a coarser mouth: for previews, and for backlogs where speed counts more."""

    resize_factor: int = 1  # the engine works on a picture this many times smaller
    every: int = 1  # of so many frames one is drawn; the mouths between are interpolated

    def __post_init__(self) -> None:
        for name in ("resize_factor", "every"):
            if not 1 <= getattr(self, name) <= MOST:
                raise ConfigError(f"preset.{name}={getattr(self, name)} must lie between 1 and {MOST}")
