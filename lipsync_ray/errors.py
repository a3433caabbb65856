"""The one error tree: every failure that a user can act on, with its code and its exit status.

The message of an error says what happened, where (file, frame, chunk) and what to do; the command
line prints it on one line as ``lipsync_ray: CODE: message``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit status of the command line."""

    DONE = 0
    FAILED = 1  # input, configuration, weights
    SOME_FAILED = 2  # some jobs of a batch
    REFUSED = 3  # by policy
    INTERRUPTED = 4  # by a signal or a time limit


class LipsyncError(Exception):
    """Root of all errors raised on purpose; ``code`` is stable and documented."""

    code: ClassVar[str] = "ERROR"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    retriable: ClassVar[bool] = False
    """Whether doing the same again, perhaps on another machine, may succeed."""


class ConfigError(LipsyncError):
    """An option is unknown, missing or out of range."""

    code = "CONFIG"


class MediaError(LipsyncError):
    """A media file cannot be read or written."""

    code = "MEDIA"


class VideoUnreadable(MediaError):
    """A video cannot be opened or holds no picture."""

    code = "VIDEO_UNREADABLE"


class FrameUnreadable(MediaError):
    """A frame of the table cannot be decoded."""

    code = "FRAME_UNREADABLE"


class AudioUnreadable(MediaError):
    """An audio file cannot be opened or holds no sound."""

    code = "AUDIO_UNREADABLE"


class EncodeFailed(MediaError):
    """An encoder or a container refuses what it was asked to write."""

    code = "ENCODE"
    retriable = True  # hardware encoders run out of sessions


class OutputMismatch(MediaError):
    """The written file is not what the plan says."""

    code = "OUTPUT_MISMATCH"


class OutputUnwritable(MediaError):
    """The output folder is missing, full or read-only."""

    code = "OUTPUT_UNWRITABLE"
    retriable = True  # another node's disk may have room


class StorageError(LipsyncError):
    """A file cannot be read, written or listed where it is kept."""

    code = "STORAGE"
    retriable = True  # networks and disks recover


class StorageRefused(StorageError):
    """The store answers, and says no: wrong or missing credentials, or not what was asked for."""

    retriable = False


class ObjectMissing(StorageError):
    """There is no such file, folder or bucket."""

    retriable = False


class FaceNotFound(LipsyncError):
    """No usable face in the whole video."""

    code = "FACE_NONE"


class PlanError(LipsyncError):
    """A plan cannot be made or does not belong to its inputs."""

    code = "PLAN"


class WeightsMissing(LipsyncError):
    """A weight file is absent and cannot be fetched."""

    code = "WEIGHTS_MISSING"


class WeightsCorrupt(LipsyncError):
    """A weight file is not the one that was published."""

    code = "WEIGHTS_CORRUPT"


class LicenseRefused(LipsyncError):
    """The policy forbids a weight file's terms."""

    code = "LICENSE_REFUSED"
    exit_code = ExitCode.REFUSED


class ChunkFailed(LipsyncError):
    """A chunk failed more often than ``chunk.max_attempts`` allows."""

    code = "CHUNK_FAILED"
    retriable = True  # other machines, or another day


class WorkerSetupFailed(LipsyncError):
    """Workers cannot start."""

    code = "WORKER_SETUP"


class DependencyMissing(LipsyncError):
    """An optional package is needed for what was asked."""

    code = "DEPENDENCY_MISSING"


class TaskFailed(LipsyncError):
    """A piece of work failed in a worker for a reason that has no code of its own."""

    code = "TASK_FAILED"
    retriable = True


class OutOfMemory(TaskFailed):
    """A machine or a GPU has not enough memory for a piece of work."""

    code = "OUT_OF_MEMORY"


class WorkerDied(TaskFailed):
    """Workers were lost at a piece of work, again and again."""

    code = "WORKER_DIED"


class TimeLimit(TaskFailed):
    """A piece of work, or a worker, took longer than it may."""

    code = "TIMEOUT"


class ResultLost(TaskFailed):
    """A piece of work was done, and its result did not arrive."""

    code = "RESULT_LOST"


class DecordRefused(MediaError):
    """decord was asked for and reads this file wrongly; the default reader does not."""

    code = "DECORD_REFUSED"


class LedgerError(LipsyncError):
    """The ledger of a batch is damaged, of another version, or in use by another batch."""

    code = "LEDGER"


class StoreError(LipsyncError):
    """The database of the service cannot be reached, or refuses."""

    code = "STORE"
    retriable = True


class SigningFailed(LipsyncError):
    """An output cannot be signed: the key, the certificate, or a time stamp authority."""

    code = "SIGNING"
    retriable = True  # keys and certificates are looked at before anything is drawn; an authority recovers


class ProvenanceBroken(LipsyncError):
    """A file is not the one that its manifest, or its sidecar, tells of."""

    code = "PROVENANCE_BROKEN"


class ProvenanceMissing(LipsyncError):
    """Nothing tells where a file comes from."""

    code = "PROVENANCE_NONE"


class ConsentRequired(LipsyncError):
    """The policy wants the consent of the person who is dubbed to be named."""

    code = "CONSENT_REQUIRED"
    exit_code = ExitCode.REFUSED


class LimitExceeded(LipsyncError):
    """A file, or the work on it, is beyond a limit of the job (``limits``) or of the service."""

    code = "LIMIT"


class JobCancelled(LipsyncError):
    """Who asked for a job of the service does not want it any more."""

    code = "CANCELLED"


class ServiceRefused(LipsyncError):
    """The service answered, and says no; ``code`` is the service's own."""

    code = "SERVICE"

    def __init__(self, status: int, code: str, detail: str, *, wait_s: float | None = None) -> None:
        super().__init__(detail)
        self.code = code or type(self).code  # type: ignore[misc]
        self.status = status
        self.wait_s = wait_s  # after which trying again makes sense


class ServiceUnreachable(LipsyncError):
    """The service does not answer, again and again."""

    code = "SERVICE_UNREACHABLE"
    retriable = True


class CallbackRefused(LipsyncError):
    """A callback is forged, old, or was taken before."""

    code = "CALLBACK_REFUSED"


class BenchFailed(LipsyncError):
    """A command whose speed was to be measured failed."""

    code = "BENCH"
