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
    finish: float

    def scaled(self, factors: Mapping[str, float]) -> Effort:
        """The same with a factor for each stage; a stage without one stays as it is."""
        return Effort(**{stage: seconds * factors.get(stage, 1.0) for stage, seconds in asdict(self).items()})


SCAN = Rate(fixed=0.0110, megapixel=0.0045)
PREPARE = Rate(fixed=0.0030, megapixel=0.0030)
FINISH = Rate(fixed=0.0006, megapixel=0.0002)
DECODE = Rate(fixed=0.0, megapixel=0.0060)
ENCODE = Rate(fixed=0.0, megapixel=0.0400)  # libx264, preset medium
DRAW: Mapping[str, Rate] = MappingProxyType({"unit_selection": Rate(fixed=0.0300, megapixel=0.0)})
UNKNOWN = Rate(fixed=1.0, megapixel=0.0)  # of an engine that was not measured: only what is learnt counts
PRESETS: Mapping[str, float] = MappingProxyType(
    {
        "ultrafast": 0.15,
        "superfast": 0.25,
        "veryfast": 0.4,
        "faster": 0.7,
        "fast": 0.9,
        "medium": 1.0,
        "slow": 1.6,
        "slower": 3.0,
        "veryslow": 5.0,
        "placebo": 10.0,
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
        finish=FINISH.of(frames, megapixels),
    )
