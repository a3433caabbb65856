"""Options of the group ``quality``: whether a run measures itself, and from where on something is flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError

Step = Literal["margin", "engine", "pass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """The figures are defined in docs/quality.md; those of a good dub lie far from these limits."""

    enabled: bool = True  # measure every dub, write NAME.report.html beside it
    max_offset_ms: float = 80.0  # of the mouth against its sound, beyond the source's own offset
    min_r: float = 0.5  # agreement of the mouth with its sound, in any two seconds of talk
    min_closed: float = 0.6  # share of the sounds that close the lips (p, b, m) at which they are closed
    max_rest: float = 0.25  # motion of a mouth that should rest, in eye distances a second
    max_jitter: float = 1.5  # trembling of the skin around the mouth over the source's own
    max_jump: float = 2.0  # change of light from one chunk to the next, in levels of 255
    min_sharpness: float = 0.8  # of the mouth against the source's, over a second
    min_psnr: float = 30.0  # dB, outside the crop: nothing but the encoder changes it
    lse: Literal["auto", "always", "never"] = "auto"  # ask SyncNet; auto: where its checkpoint is at hand
    retry: tuple[Step, ...] = ()  # what is tried, in this order, where part of a dub is flagged
    retry_margin: float = 1.5  # of step margin: times face.margin
    retry_engine: str | None = None  # of step engine

    def __post_init__(self) -> None:
        for name in ("min_r", "min_closed"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"quality.{name}={getattr(self, name):g} must lie between 0 and 1")
        for name in ("max_offset_ms", "max_rest", "max_jitter", "max_jump", "min_sharpness", "min_psnr"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"quality.{name}={getattr(self, name):g} must be 0 or more")
        if not self.retry_margin > 0:
            raise ConfigError(f"quality.retry_margin={self.retry_margin:g} must be above 0")
        if "engine" in self.retry and self.retry_engine is None:
            raise ConfigError(
                "quality.retry has the step engine: name it, as in quality.retry_engine=wav2lip"
            )
