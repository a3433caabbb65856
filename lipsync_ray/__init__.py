"""Dub a video: the same footage, with the mouth saying the new words.

``dub`` dubs one video, ``dub_many`` a backlog; docs/python.md shows how. Everything but the errors is loaded
when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lipsync_ray.errors import (
    AudioUnreadable,
    BenchFailed,
    CallbackRefused,
    ChunkFailed,
    ConfigError,
    ConsentRequired,
    DecordRefused,
    DependencyMissing,
    EncodeFailed,
    FaceNotFound,
    FrameUnreadable,
    JobCancelled,
    LedgerError,
    LicenseRefused,
    LimitExceeded,
    LipsyncError,
    MediaError,
    ObjectMissing,
    OutOfMemory,
    OutputMismatch,
    OutputUnwritable,
    PlanError,
    ProvenanceBroken,
    ProvenanceMissing,
    ResultLost,
    ServiceRefused,
    ServiceUnreachable,
    SigningFailed,
    StorageError,
    StorageRefused,
    StoreError,
    TaskFailed,
    TimeLimit,
    VideoUnreadable,
    WeightsCorrupt,
    WeightsMissing,
    WorkerDied,
    WorkerSetupFailed,
)

if TYPE_CHECKING:
    from lipsync_ray.api import BatchResult, Job, dub, dub_many
    from lipsync_ray.batch.row import Row
    from lipsync_ray.batch.summary import Summary
    from lipsync_ray.blend.settings import BlendSettings
    from lipsync_ray.callback import ProgressUpdate
    from lipsync_ray.config import (
        BatchSettings,
        CacheSettings,
        ChunkConfig,
        CostSettings,
        LicenseSettings,
        MediaSettings,
        OwnEngine,
        SpeechSettings,
        WeightsSettings,
    )
    from lipsync_ray.distributed.settings import RaySettings
    from lipsync_ray.engines.lipgan.settings import LipGanSettings
    from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
    from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings
    from lipsync_ray.engines.wav2lip.settings import Wav2LipSettings
    from lipsync_ray.enhance.settings import EnhanceSettings
    from lipsync_ray.faces.settings import FaceSettings
    from lipsync_ray.limits import LimitsSettings
    from lipsync_ray.media.encoders import EncodeSettings
    from lipsync_ray.media.timeline import SyncSettings
    from lipsync_ray.media.tracks import KeepSettings
    from lipsync_ray.neural.settings import ComputeSettings
    from lipsync_ray.provenance.settings import PolicySettings, ProvenanceSettings
    from lipsync_ray.quality.settings import QualitySettings
    from lipsync_ray.sidecar import Result
    from lipsync_ray.speakers.settings import SpeakerRow, SpeakersSettings

__version__ = "0.1.0"
__all__ = [
    "AudioUnreadable",
    "BatchResult",
    "BatchSettings",
    "BenchFailed",
    "BlendSettings",
    "CacheSettings",
    "CallbackRefused",
    "ChunkConfig",
    "ChunkFailed",
    "ComputeSettings",
    "ConfigError",
    "ConsentRequired",
    "CostSettings",
    "DecordRefused",
    "DependencyMissing",
    "EncodeFailed",
    "EncodeSettings",
    "EnhanceSettings",
    "FaceNotFound",
    "FaceSettings",
    "FrameUnreadable",
    "Job",
    "JobCancelled",
    "KeepSettings",
    "LedgerError",
    "LicenseRefused",
    "LicenseSettings",
    "LimitExceeded",
    "LimitsSettings",
    "LipGanSettings",
    "LipsyncError",
    "MediaError",
    "MediaSettings",
    "ObjectMissing",
    "OutOfMemory",
    "OutputMismatch",
    "OutputUnwritable",
    "OwnEngine",
    "PlanError",
    "PolicySettings",
    "ProgressUpdate",
    "ProvenanceBroken",
    "ProvenanceMissing",
    "ProvenanceSettings",
    "QualitySettings",
    "RaySettings",
    "Result",
    "ResultLost",
    "Row",
    "ServiceRefused",
    "ServiceUnreachable",
    "SigningFailed",
    "SpeakerRow",
    "SpeakersSettings",
    "SpeechSettings",
    "StorageError",
    "StorageRefused",
    "StoreError",
    "Summary",
    "SyncSettings",
    "TaskFailed",
    "TimeLimit",
    "UnitSelectionSettings",
    "VideoReTalkingSettings",
    "VideoUnreadable",
    "Wav2LipSettings",
    "WeightsCorrupt",
    "WeightsMissing",
    "WeightsSettings",
    "WorkerDied",
    "WorkerSetupFailed",
    "dub",
    "dub_many",
]

_HOMES = {  # of what is loaded when it is first used
    "BatchResult": "lipsync_ray.api",
    "BatchSettings": "lipsync_ray.config",
    "BlendSettings": "lipsync_ray.blend.settings",
    "CacheSettings": "lipsync_ray.config",
    "ChunkConfig": "lipsync_ray.config",
    "ComputeSettings": "lipsync_ray.neural.settings",
    "CostSettings": "lipsync_ray.config",
    "EncodeSettings": "lipsync_ray.media.encoders",
    "EnhanceSettings": "lipsync_ray.enhance.settings",
    "FaceSettings": "lipsync_ray.faces.settings",
    "Job": "lipsync_ray.api",
    "KeepSettings": "lipsync_ray.media.tracks",
    "LicenseSettings": "lipsync_ray.config",
    "LimitsSettings": "lipsync_ray.limits",
    "LipGanSettings": "lipsync_ray.engines.lipgan.settings",
    "MediaSettings": "lipsync_ray.config",
    "OwnEngine": "lipsync_ray.config",
    "PolicySettings": "lipsync_ray.provenance.settings",
    "ProgressUpdate": "lipsync_ray.callback",
    "ProvenanceSettings": "lipsync_ray.provenance.settings",
    "QualitySettings": "lipsync_ray.quality.settings",
    "RaySettings": "lipsync_ray.distributed.settings",
    "Result": "lipsync_ray.sidecar",
    "Row": "lipsync_ray.batch.row",
    "SpeakerRow": "lipsync_ray.speakers.settings",
    "SpeakersSettings": "lipsync_ray.speakers.settings",
    "SpeechSettings": "lipsync_ray.config",
    "Summary": "lipsync_ray.batch.summary",
    "SyncSettings": "lipsync_ray.media.timeline",
    "UnitSelectionSettings": "lipsync_ray.engines.unit_selection.settings",
    "VideoReTalkingSettings": "lipsync_ray.engines.video_retalking.settings",
    "Wav2LipSettings": "lipsync_ray.engines.wav2lip.settings",
    "WeightsSettings": "lipsync_ray.config",
    "dub": "lipsync_ray.api",
    "dub_many": "lipsync_ray.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
