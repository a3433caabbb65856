"""Options of the group ``compute``: how neural networks are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeSettings:
    """Where and how exactly networks compute; the default engine has none."""

    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: the GPU if there is one
    dtype: Literal["fp32", "bf16", "fp16"] = (
        "fp32"  # of the networks; halves are faster where the chip has them
    )
    channels_last: bool = True  # memory order that convolutions like better
    compile: bool = False  # torch.compile: slow to start, pays off on long jobs
    batch: int | Literal["auto"] = "auto"  # pictures through a network at once; halved when memory runs out

    def __post_init__(self) -> None:
        if self.batch != "auto" and self.batch < 1:
            raise ConfigError(f"compute.batch={self.batch} must be 1 or more, or auto")
        if self.device == "cpu" and self.dtype == "fp16":
            raise ConfigError("compute.dtype=fp16 needs a GPU: on a CPU, take fp32 or bf16")
