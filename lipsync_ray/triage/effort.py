"""How much work a dub is, before it is done: seconds of one worker by stage.

``cost = frames * (a + b * megapixels)``, where the encoder's part is multiplied by a factor for its preset.
The numbers were measured by ``benchmarks/effort.py``; on another machine everything takes longer or shorter
by a factor that ``pace.py`` learns from finished dubs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from lipsync_ray.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Seconds of one worker for a frame."""

    fixed: float
    megapixel: float  # more for every million pixels of the picture

    def of(self, frames: int, megapixels: float) -> float:
        """Seconds for so many frames."""
        return frames * (self.fixed + self.megapixel * megapixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Seconds of one worker by stage."""

    scan: float
    prepare: float
    render: float
    review: float
    finish: float

    def scaled(self, factors: Mapping[str, float]) -> Effort:
        """The same with a factor for each stage; a stage without one stays as it is."""
        return Effort(**{stage: seconds * factors.get(stage, 1.0) for stage, seconds in asdict(self).items()})


SCAN = Rate(fixed=0.0102, megapixel=0.0051)
PREPARE = Rate(fixed=0.0024, megapixel=0.0053)
REVIEW = Rate(fixed=0.0100, megapixel=0.0072)
FINISH = Rate(fixed=0.0009, megapixel=0.0)
DECODE = Rate(fixed=0.0004, megapixel=0.0041)
ENCODE = Rate(fixed=0.0, megapixel=0.0405)  # libx264, preset medium, through all sizes
DRAW: Mapping[str, Rate] = MappingProxyType({"unit_selection": Rate(fixed=0.0166, megapixel=0.0219)})
UNKNOWN = Rate(fixed=1.0, megapixel=0.0)  # of an engine that was not measured: only what is learnt counts
PRESETS: Mapping[str, float] = MappingProxyType(
    {
        "ultrafast": 0.11,
        "superfast": 0.22,
        "veryfast": 0.33,
        "faster": 0.59,
        "fast": 0.93,
        "medium": 1.0,
        "slow": 1.0,
        "slower": 1.55,
        "veryslow": 3.6,
        "placebo": 11.9,
    }
)


def effort_of(config: Config, *, frames: int, megapixels: float) -> Effort:
    """The work of a job whose output has so many frames of this size."""
    encode = ENCODE.of(frames, megapixels) * PRESETS[config.encode.preset]
    draw = DRAW.get(config.engine.name, UNKNOWN).of(frames, megapixels) / config.preset.every
    return Effort(
        scan=SCAN.of(frames, megapixels),
        prepare=PREPARE.of(frames, megapixels),
        render=draw + DECODE.of(frames, megapixels) + encode,
        review=REVIEW.of(frames, megapixels) if config.quality.enabled else 0.0,
        finish=FINISH.of(frames, megapixels),
    )
