"""Options of the group ``serve``."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_ray.errors import ConfigError

_ABOVE_0 = (
    *("max_mb", "max_seconds", "max_megapixels", "max_queued", "max_running", "keep_days"),
    *("requests_per_s", "burst", "upload_s", "max_streams", "max_uploads"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where the service listens, what it keeps, and how much it takes."""

    host: str = "127.0.0.1"  # 0.0.0.0: every address of this machine, which needs tokens
    port: int = 8000
    data_dir: str = "lipsync-data"  # folder for files of jobs, the database and finished pieces
    database: str | None = None  # SQLAlchemy's URL; null: SQLite in data_dir
    tokens_file: str | None = None  # a token a line, as NAME:TOKEN or TOKEN; null: LIPSYNC_RAY_TOKENS
    hosts: tuple[str, ...] = ()  # names it is reached by; none: any with tokens, else those of loopback
    replicas: int = 1  # processes that answer requests
    inputs: tuple[str, ...] = ()  # what URIs of inputs start with, as s3://footage/in/; none: uploads only
    callbacks: tuple[str, ...] = ()  # what callback addresses start with; none: no callbacks
    private_addresses: bool = False  # whether callbacks may go into networks that are not public
    engines: tuple[str, ...] = ("unit_selection",)  # that may be asked for
    max_mb: float = 2000.0  # of an upload
    max_seconds: float = 3600.0  # of a video, and of a sound
    max_megapixels: float = 9.0  # of a picture; 3840x2160 has 8.3
    max_queued: int = 1000  # jobs that wait, of all tokens
    max_running: int = 4  # dubs on their way at a time; two triages or previews may be beside them
    max_uploads: int = 16  # requests for jobs that are read at a time; a token has half of them at most
    max_streams: int = 200  # streams of events at a time
    requests_per_s: float = 20.0  # of a token, and of an address without one
    burst: int = 60  # requests at once before that limit counts
    upload_s: float = 600.0  # longest time of an upload
    quota_queued: int = 100  # jobs of a token that wait or run
    quota_seconds: float | None = None  # of video a token may have dubbed in 24 hours; null: any
    quota_mb: float | None = None  # that files of a token's jobs may fill; null: any
    keep_days: float = 30.0  # after which ended jobs and their files are removed

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"serve.port={self.port} must be 0 to 65535")
        if self.replicas < 1:
            raise ConfigError(f"serve.replicas={self.replicas} must be 1 or more")
        for name in _ABOVE_0:
            if getattr(self, name) <= 0:
                raise ConfigError(f"serve.{name}={getattr(self, name):g} must be above 0")
