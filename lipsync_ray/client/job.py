"""A job of a service, as its client sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]
Kind = Literal["dub", "triage", "preview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob:
    """A job as it was when it was asked for."""

    id: str
    kind: Kind
    state: State
    position: int | None  # jobs that wait before it; None: it does not wait
    progress: Mapping[str, Any] | None  # stage, done, total, share, chunks, seconds_left, note
    result: Mapping[str, Any] | None  # depends on the kind
    error_code: str  # empty: it has not failed
    error_message: str
    links: Mapping[str, str]
    plain: Mapping[str, Any]  # everything that the service tells

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> RemoteJob:
        """A job from the service's JSON."""
        error = plain.get("error") or {}
        return cls(
            id=plain["id"],
            kind=plain["kind"],
            state=plain["state"],
            position=plain.get("position"),
            progress=plain.get("progress"),
            result=plain.get("result"),
            error_code=error.get("code", ""),
            error_message=error.get("message", ""),
            links=plain.get("links", {}),
            plain=plain,
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")
