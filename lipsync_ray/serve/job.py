"""A job of the service as it is kept: who asked for what, and what has become of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from lipsync_ray.storage.uri import is_remote

State = Literal["queued", "running", "done", "failed", "cancelled"]
Kind = Literal["dub", "triage", "preview"]
Calling = Literal["none", "due", "sent", "failed"]

ENDED: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that a job works on."""

    name: str  # as its owner calls it; for people only, never a path
    place: str  # a path below the job's folder, or an allowed address
    bytes: int | None = None  # None: not known, as for an address
    sha256: str = ""  # of an upload
    of: str = ""  # id of the job that it was sent with, if that is another one: both have it as a hard link

    @property
    def own(self) -> bool:
        """Whether it lies in the job's folder, not where a URI says."""
        return not is_remote(self.place) and not self.place.startswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedJob:
    """A job. Times are seconds since the epoch."""

    id: str
    owner: str  # name of the token that asked
    kind: Kind
    state: State = "queued"
    options: dict[str, Any] = field(default_factory=dict)  # by their dotted names, checked already
    container: str = "mp4"  # ending of the output
    video: InputFile
    audio: InputFile | None = None
    created: float
    started: float | None = None
    finished: float | None = None
    cancel: bool = False  # asked for; the state follows
    starts: int = 0  # how often it was begun: above 1 where the service died meanwhile
    progress: dict[str, Any] = field(default_factory=dict)  # see serve.told
    result: dict[str, Any] | None = None  # depends on the kind, see serve.results
    seconds: float = 0.0  # of the video, once it is known
    error_code: str = ""
    error_message: str = ""
    callback: str = ""  # address to tell; empty: nobody
    calling: Calling = "none"
    calls: int = 0  # tries of the callback
    call_after: float = 0.0  # when the next is due
    version: int = 0  # grows with every change

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED


def new_id() -> str:
    """An id that nobody can guess: 22 characters that fit into addresses and file names."""
    return secrets.token_urlsafe(16).replace("-", "a").replace("_", "b")
