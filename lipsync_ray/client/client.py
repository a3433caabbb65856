"""The service from Python."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import httpx

from lipsync_ray.client.asking import Patience, patiently, refusal
from lipsync_ray.client.fetching import fetch
from lipsync_ray.client.following import events
from lipsync_ray.client.job import Kind, RemoteJob, State
from lipsync_ray.errors import ServiceRefused

Place = str | os.PathLike[str]  # a file of this machine, or a URI that the service may read
What = Literal["result", "report", "sidecar", "preview", "strip", "video", "audio", "manifest"]
OnProgress = Callable[[RemoteJob], None]

_QUIET = httpx.Timeout(30.0, write=120.0)
_STREAM = httpx.Timeout(30.0, read=40.0)  # the service beats every 15 s


class Client:
    """Asks a service for dubs.

    Args:
        url: of the service, as ``http://127.0.0.1:8000``.
        token: that the service knows; None: it asks for none.
        patience: how often requests are sent again.
        transport: of httpx, for tests; None: the network.
        sleep: waits between two tries.

    All methods raise ServiceRefused (``code`` and ``status`` say why) and ServiceUnreachable.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_QUIET, transport=transport)
        self._patience = patience or Patience()
        self._sleep = sleep

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def submit(
        self,
        video: Place | None = None,
        audio: Place | None = None,
        *,
        kind: Kind = "dub",
        engine: str | None = None,
        preset: str | None = None,
        container: str = "mp4",
        options: Mapping[str, object] | None = None,
        callback_url: str | None = None,
        consent: str | None = None,
        files_of: str | None = None,
        key: str | None = None,
    ) -> RemoteJob:
        """Ask for a job. Files are sent as they are read, and again if the connection breaks.

        Args:
            video, audio: files, or URIs (both of one kind); None where ``files_of`` has them.
            kind: ``dub``, ``triage`` (what a dub would do) or ``preview``.
            engine, preset: None: the service's own choice.
            container: mp4, mov or mkv.
            options: by their dotted names.
            callback_url: who is told of the end.
            consent: where the consent of the person is found.
            files_of: id of an earlier job whose files are taken.
            key: of idempotency: the same key never makes two jobs; None: a new one.

        Returns:
            The job, which waits or runs.
        """
        given = {
            **{"kind": kind, "engine": engine, "preset": preset, "container": container},
            **{"callback_url": callback_url, "consent": consent, "files_of": files_of},
        }
        fields = {name: value for name, value in given.items() if value is not None}
        places = {name: os.fspath(place) for name, place in (("video", video), ("audio", audio)) if place}
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        chosen = dict(options or {})
        if any("://" not in place for place in places.values()):
            return self._job(lambda: self._upload(fields, chosen, places, headers))
        body = {**fields, **places, "options": chosen}
        return self._job(lambda: self._http.post("/v1/jobs", json=body, headers=headers))

    def job(self, id: str) -> RemoteJob:
        """A job as it is now."""
        return self._job(lambda: self._http.get(f"/v1/jobs/{id}"))

    def jobs(self, *, state: State | None = None, kind: Kind | None = None) -> Iterator[RemoteJob]:
        """All own jobs, the newest first."""
        cursor: str | None = None
        while True:
            given = {"state": state, "kind": kind, "cursor": cursor, "limit": "200"}
            query = {name: value for name, value in given.items() if value is not None}
            page = self._ask(lambda query=query: self._http.get("/v1/jobs", params=query)).json()
            yield from map(RemoteJob.read, page["jobs"])
            cursor = page["next"]
            if cursor is None:
                return

    def wait(self, id: str, progress: OnProgress | None = None) -> RemoteJob:
        """Follow a job until it ends.

        Args:
            id: of the job.
            progress: called with the job at every change.

        Returns:
            The job, done, failed or cancelled.
        """
        seen, tried = "", 0
        while True:
            try:
                for version, job in self._events(id, seen):
                    seen = version
                    tried = 0
                    if progress is not None:
                        progress(job)
                    if job.ended:
                        return job
            except (httpx.TransportError, ServiceRefused) as error:
                if isinstance(error, ServiceRefused) and error.status in (401, 403, 404):
                    raise
            job = self.job(id)  # patient itself; without a stream this is how the job is followed
            if job.ended:
                if progress is not None:
                    progress(job)
                return job
            self._sleep(self._patience.wait(min(tried, 4)))
            tried += 1

    def download(self, id: str, what: What, path: Place) -> Path:
        """Fetch a file of a job; it is whole, or not there.

        Args:
            id: of the job.
            what: ``result``, ``report``, ``sidecar``, ``manifest``, ``preview``, ``strip``, ``video``
                or ``audio``.
            path: where it is to be.

        Returns:
            The path.
        """
        target = Path(path)
        fetch(self._http, f"/v1/jobs/{id}/{what}", target, self._patience, self._sleep)
        return target

    def cancel(self, id: str) -> RemoteJob:
        """Ask for the end of a job."""
        return self._job(lambda: self._http.post(f"/v1/jobs/{id}/cancel"))

    def delete(self, id: str) -> None:
        """Remove an ended job with its files; it is no error if it is gone."""
        try:
            self._ask(lambda: self._http.delete(f"/v1/jobs/{id}"))
        except ServiceRefused as error:
            if error.status != 404:
                raise

    def options(self) -> dict[str, Any]:
        """What may be asked for: engines, presets, options, limits."""
        return self._ask(lambda: self._http.get("/v1/options")).json()

    def _upload(
        self,
        fields: Mapping[str, str],
        options: Mapping[str, object],
        places: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> httpx.Response:
        with ExitStack() as stack:
            files = {
                name: (Path(place).name, stack.enter_context(open(place, "rb")))
                for name, place in places.items()
            }
            data = {**fields, "options": json.dumps(dict(options))}
            return self._http.post("/v1/jobs", data=data, files=files, headers=headers)

    def _events(self, id: str, seen: str) -> Iterator[tuple[str, RemoteJob]]:
        headers = {"Last-Event-ID": seen} if seen else {}
        with self._http.stream("GET", f"/v1/jobs/{id}/events", headers=headers, timeout=_STREAM) as answer:
            if not answer.is_success:
                answer.read()
                raise refusal(answer)
            for event in events(answer.iter_lines()):
                yield event.id, RemoteJob.read(event.data)

    def _job(self, send: Callable[[], httpx.Response]) -> RemoteJob:
        return RemoteJob.read(self._ask(send).json())

    def _ask(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        return patiently(send, self._patience, self._sleep)
