"""All options of a job in one typed object; its groups live beside the code that they configure."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.distributed.settings import DispatchSettings, RaySettings
from lipsync_ray.engines.lipgan.settings import LipGanSettings
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings
from lipsync_ray.engines.wav2lip.settings import Wav2LipSettings
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.errors import ConfigError
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.kinds import known_names, suggest
from lipsync_ray.limits import LimitsSettings
from lipsync_ray.media.audio_segments import AudioPiece, AudioSettings
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.timeline import SyncSettings
from lipsync_ray.media.tracks import KeepSettings
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.plan import ChunkSettings
from lipsync_ray.preset import PresetSettings
from lipsync_ray.preview.settings import PreviewSettings
from lipsync_ray.provenance.settings import PolicySettings, ProvenanceSettings
from lipsync_ray.quality.settings import QualitySettings
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.speakers.settings import SpeakersSettings
from lipsync_ray.storage.uri import checked, is_remote, local_path
from lipsync_ray.weights.store import WeightStore, default_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfig(AudioSettings):
    """The speech to put into the video: one file, or pieces of it; the mouth may follow another one."""

    file: str | None = None
    drive: str | None = None  # drives the mouth, is not heard; null: what is heard drives it
    segments: tuple[AudioPiece, ...] = ()

    def __post_init__(self) -> None:
        AudioSettings.__post_init__(self)
        self.pieces()  # refuses what cannot be
        if self.file is not None and self.segments:
            raise ConfigError("audio.file and audio.segments exclude each other: give one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkConfig(ChunkSettings):
    """How a job is cut, and what happens to a piece that fails."""

    max_attempts: int = 3  # a machine that is taken away is not an attempt
    timeout_s: float | None = None  # longest time of one attempt; null: no limit
    on_error: Literal["fail", "pass"] = "fail"  # pass: keep the source's own frames for that piece

    def __post_init__(self) -> None:
        ChunkSettings.__post_init__(self)
        try:
            DispatchSettings(max_attempts=self.max_attempts, timeout_s=self.timeout_s)
        except ConfigError as error:
            raise ConfigError(f"chunk.{error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """What is kept between runs: face scans by content, finished pieces of unfinished jobs."""

    enabled: bool = True
    dir: str | None = None  # a folder, or an address in a store; null: folders.default_cache_dir()
    keep_days: float = 14.0  # unused longer than this, scans and unfinished jobs are removed
    shared: bool | None = None  # whether all machines see dir; null: it is looked up
    copies_dir: Path | None = None  # copies of inputs on each machine; null: copies in its default cache
    copies_gb: float = 50.0  # of them at most

    def __post_init__(self) -> None:
        if self.keep_days < 1:  # a run that reads a scan must not lose it to another run
            raise ConfigError(
                f"cache.keep_days={self.keep_days:g} must be 1 or more; cache.enabled=false keeps nothing"
            )
        if self.copies_gb <= 0:
            raise ConfigError(f"cache.copies_gb={self.copies_gb:g} must be above 0")
        if self.dir is not None:
            checked(self.dir)

    @property
    def place(self) -> str:
        """The place in use, whether or not it exists yet; a folder with its full path."""
        if self.dir is not None and is_remote(self.dir):
            return self.dir
        return os.path.abspath(local_path(self.dir) if self.dir else default_cache_dir())


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsSettings:
    """Where model files lie and whether they may be fetched."""

    folder: Path | None = None  # null: the cache of this machine
    dir: str | None = None  # a folder or URI of the user's own, looked into first
    verify: bool = True  # False: files there are taken as they are, such as weights trained by oneself
    offline: bool = False

    def store(self, policy: Literal["any", "commercial"]) -> WeightStore:
        """The store that these settings describe."""
        return WeightStore(
            folder=self.folder or default_folder(),
            directory=self.dir,
            trust=not self.verify,
            policy=policy,
            offline=self.offline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseSettings:
    """Which weights may be used."""

    policy: Literal["any", "commercial"] = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEngine:
    """An engine of one's own, which is built without settings."""

    name: str  # package.module:Class

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", self.name):
            known = known_names(EngineSettings)
            raise ConfigError(
                f"engine={self.name}: expected one of {', '.join(known)}, or package.module:Class for an "
                f"engine of your own{suggest(self.name, known)}"
            )


# Who makes the mouth: engine=NAME chooses one of these, and with it the options that there are.
EngineSettings = UnitSelectionSettings | Wav2LipSettings | LipGanSettings | VideoReTalkingSettings | OwnEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """What turns sound into mouth shapes."""

    name: Literal["visemes", "formants"] = "visemes"
    adapt: bool = True  # learn the speaker's own habits from the source's sound


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """How frames are read."""

    reader: Literal["pyav", "decord"] = "pyav"
    static: bool = False  # only the first frame of a video, as if it were a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """How a backlog is worked off."""

    max_attempts: int = 2  # failed tries of a job, over all runs, after which only retry lets it go again
    ahead: int = 8  # pieces on their way for each worker that draws
    ledger_s: float = (
        30.0  # between two writes of ledger.parquet; what happens between them is in its journal
    )

    def __post_init__(self) -> None:
        for name in ("max_attempts", "ahead"):
            if getattr(self, name) < 1:
                raise ConfigError(f"batch.{name}={getattr(self, name)} must be 1 or more")
        if self.ledger_s < 0:
            raise ConfigError(f"batch.ledger_s={self.ledger_s:g} must be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSettings:
    """What machines cost."""

    usd_per_gpu_hour: float | None = None  # of one GPU with its machine; null: no costs are told

    def __post_init__(self) -> None:
        if (self.usd_per_gpu_hour or 0.0) < 0:
            raise ConfigError(f"cost.usd_per_gpu_hour={self.usd_per_gpu_hour:g} must be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a job needs to know."""

    video: str  # footage of a person talking, or a picture
    out: str | None = None  # None: only for planning
    audio: AudioConfig = field(default_factory=AudioConfig)
    log: Literal["error", "warning", "info", "debug"] = "warning"
    debug: bool = False
    sync: SyncSettings = field(default_factory=SyncSettings)
    keep: KeepSettings = field(default_factory=KeepSettings)
    encode: EncodeSettings = field(default_factory=EncodeSettings)
    chunk: ChunkConfig = field(default_factory=ChunkConfig)
    face: FaceSettings = field(default_factory=FaceSettings)
    engine: EngineSettings = field(default_factory=UnitSelectionSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    enhance: EnhanceSettings = field(default_factory=EnhanceSettings)
    blend: BlendSettings = field(default_factory=BlendSettings)
    preset: PresetSettings = field(default_factory=PresetSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    ray: RaySettings = field(default_factory=RaySettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    weights: WeightsSettings = field(default_factory=WeightsSettings)
    license: LicenseSettings = field(default_factory=LicenseSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    batch: BatchSettings = field(default_factory=BatchSettings)
    cost: CostSettings = field(default_factory=CostSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    speakers: SpeakersSettings = field(default_factory=SpeakersSettings)
    preview: PreviewSettings = field(default_factory=PreviewSettings)
    serve: ServeSettings = field(default_factory=ServeSettings)
    provenance: ProvenanceSettings = field(default_factory=ProvenanceSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)

    def __post_init__(self) -> None:
        if self.speakers.given and self.audio.drive is not None:
            raise ConfigError("audio.drive drives one mouth: with speakers.map, name the files in the map")

    def dispatch(self) -> DispatchSettings:
        """When pieces are tried again, and workers replaced."""
        return DispatchSettings(
            max_attempts=self.chunk.max_attempts,
            timeout_s=self.chunk.timeout_s,
            recycle_after=self.ray.recycle_after,
            stuck_factor=self.ray.stuck_factor,
            straggler_factor=self.ray.straggler_factor,
        )


def to_plain(config: Config) -> dict[str, Any]:
    """The settings of a job as JSON can hold them, for sidecars and hashes; not the service's own."""
    plain = _plain(asdict(config))
    del plain["serve"]
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path | Fraction) else value
