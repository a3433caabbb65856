"""Options of the group ``enhance``: what sharpens a mouth after it was drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class EnhanceSettings:
    """Which restorer of faces works on the mouth, and how strongly."""

    name: Literal["auto", "none", "gfpgan", "gpen", "both"] = "auto"  # auto: what the engine's authors use
    version: Literal["1.3", "1.4"] = "1.4"  # of GFPGAN
    strength: float = 1.0  # 0 leaves the mouth as it was drawn, 1 takes the restored one
    seed: int | None = None  # of fresh noise in every frame; null: the file's own, which does not flicker
    min_face: float = 64.0  # px, height of a face below which restoring adds nothing
    region: Literal["mouth", "face"] = "mouth"
    tiles: Literal["auto", "off"] = "auto"  # auto: faces much larger than 512 px are restored by tiles

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ConfigError(f"enhance.strength={self.strength} must lie between 0 and 1")
        if self.min_face < 0:
            raise ConfigError(f"enhance.min_face={self.min_face} cannot be negative")


def weights_of(restorer: str, settings: EnhanceSettings) -> tuple[str, ...]:
    """Names of the weight files that a restorer (``gfpgan``, ``gpen`` or ``both``) needs."""
    gfpgan = (f"gfpgan_v{settings.version}",) if restorer in ("gfpgan", "both") else ()
    return gfpgan + (("gpen",) if restorer in ("gpen", "both") else ())
