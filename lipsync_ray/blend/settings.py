"""Options of the group ``blend``: how a drawn mouth is joined with the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendSettings:
    """The mask of the mouth, and how softly its border is joined."""

    mask: Literal["mesh", "parsenet"] = "mesh"  # from the landmarks, or from a network that parses faces
    levels: int = 4  # of the Laplacian pyramid: more joins colours over a wider border
    feather: float = 0.06  # of the face's size, width of the mask's soft border
    grow: float = 0.04  # of the face's size, how far the mask reaches below the chin

    def __post_init__(self) -> None:
        if not 1 <= self.levels <= 8:
            raise ConfigError(f"blend.levels={self.levels} must lie between 1 and 8")
        if not 0 <= self.feather <= 0.5 or not 0 <= self.grow <= 0.5:
            raise ConfigError("blend.feather and blend.grow must lie between 0 and 0.5")
