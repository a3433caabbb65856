"""Options of the group ``limits``: how large files may be, and what a worker may take of its machine."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_ray.errors import ConfigError

LEAST_MEMORY_GB = 1.0  # with less, a worker of Ray does not come up


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSettings:
    """Bounds of a job. What is beyond one ends it with LIMIT, or OUT_OF_MEMORY, and exit status 1.

    The last three are set by the operating system's own limits, in worker processes alone:
    ``ray.cluster=none`` has none, and there they do nothing.
    """

    max_megapixels: float = 150.0
    """Of a picture or a frame of a video that is given; 16384x8640 has 141.6."""

    max_hours: float = 24.0
    """Of a video, of a sound and of the dub."""

    memory_gb: float | None = None
    """Of data in a worker process (RLIMIT_DATA), 10^9 bytes; None: what the machine has."""

    cpu_s: float | None = None
    """CPU time of one piece of work in a worker, such as a chunk; None: any."""

    file_gb: float | None = None
    """Of a file that a worker writes (RLIMIT_FSIZE), 10^9 bytes; None: any."""

    def __post_init__(self) -> None:
        for name in ("max_megapixels", "max_hours", "cpu_s", "file_gb"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"limits.{name}={value:g} must be above 0")
        if self.memory_gb is not None and self.memory_gb < LEAST_MEMORY_GB:
            raise ConfigError(
                f"limits.memory_gb={self.memory_gb:g} must be {LEAST_MEMORY_GB:g} or more: a worker takes "
                "about so much before it has done anything"
            )
