"""Uploads: read as they come, within limits, into a folder that does not outlive the request."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from lipsync_ray.serve.job import InputFile
from lipsync_ray.serve.parts import PartBegins, Parts
from lipsync_ray.serve.problems import Problem

RESERVE = 256 << 20  # bytes that are left free on the disk
_BLOCK = 1 << 20  # bytes that are written at a time
_MOST_FIELDS = 16
_LONGEST_FIELD = 64 << 10
_OVERHEAD = 1 << 20  # bytes of a form besides its files
_ENDINGS = frozenset(
    "mp4 m4v mov mkv webm avi ts mts m2ts mpg mpeg h264 jpg jpeg png webp bmp gif tif tiff "
    "wav mp3 m4a aac flac ogg oga opus wma aif aiff mka ac3".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slow an upload may be."""

    longest_s: float
    grace_s: float = 20.0
    least: float = 16_384.0  # bytes a second, once the grace is over

    def deadline(self, since: float, received: int) -> float:
        """When the next piece has to be here."""
        return since + min(self.longest_s, self.grace_s + received / self.least)


@dataclass(slots=True, kw_only=True)
class Form:
    """What was sent."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, InputFile] = field(default_factory=dict)  # places are names in the folder

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.bytes or 0 for file in self.files.values())


@contextmanager
def folder_for(incoming: Path) -> Iterator[Path]:
    """A new folder, removed at the end unless it was moved away."""
    folder = incoming / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear(incoming: Path, older_s: float) -> None:
    """Remove what killed processes have left; folders younger than ``older_s`` may be others' uploads."""
    for folder in incoming.iterdir():
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > older_s:
                shutil.rmtree(folder)


def check_length(request: Request, most: int, folder: Path) -> None:
    """Refuse what says itself that it is too large. Raises Problem."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        return
    if int(length[:18]) > most + _OVERHEAD:
        raise too_large(most)
    check_disk(folder, int(length[:18]))


def check_disk(folder: Path, length: int) -> None:
    """Raises Problem: so many bytes more would leave too little room on the disk."""
    if shutil.disk_usage(folder).free < length + RESERVE:
        raise disk_full()


async def receive_form(request: Request, folder: Path, *, most: int, pace: Pace) -> Form:
    """Read a multipart form; its files ``video`` and ``audio`` go into ``folder``.

    Args:
        request: of which nothing has been read.
        folder: empty.
        most: bytes of all files together.
        pace: how slow it may be.

    Raises:
        Problem: too large, too slow, no such form, or no room on the disk.
        ClientDisconnect: the client is gone.
    """
    reader = _Reader(folder, most)
    try:
        parts = Parts(request.headers.get("content-type", ""))
        async for block in paced(request, pace):
            for event in parts.feed(block):
                await reader.take(event)
        parts.end()
        return reader.form
    except ValueError as error:  # the parser's own, with no more to say than this
        raise Problem(422, "FORM", f"the form cannot be read: {error}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full() from error
        raise
    finally:
        reader.close()


async def receive_text(request: Request, pace: Pace, most: int = _LONGEST_FIELD * 2) -> bytes:
    """Read a small body. Raises Problem: it is large, or slow."""
    body = bytearray()
    async for block in paced(request, pace):
        body += block
        if len(body) > most:
            raise Problem(413, "TOO_LARGE", f"a body without files may have {most} bytes")
    return bytes(body)


async def paced(request: Request, pace: Pace) -> AsyncIterator[bytes]:
    """The pieces of a body. Raises Problem if they come too slowly."""
    since, received = time.monotonic(), 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(pace.deadline(since, received) - time.monotonic()):
                block = await anext(stream, None)
        except TimeoutError:
            raise Problem(
                *(408, "SLOW", "the upload is too slow, or takes too long; nothing of it was kept"),
                headers={"Connection": "close"},
            ) from None
        if block is None:
            return
        received += len(block)
        yield block


def too_large(most: int) -> Problem:
    """The problem of an upload above the limit."""
    return Problem(
        *(413, "TOO_LARGE", f"the files of a job may have {most / 1e6:g} MB together"),
        headers={"Connection": "close"},
    )


def disk_full() -> Problem:
    """The problem of a disk without room."""
    return Problem(507, "DISK_FULL", "the service has no room for this upload; try again later")


class _Reader:
    """Puts the parts of a form where they belong."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._form = Form()
        self._size = 0
        self._file: _File | None = None
        self._field: tuple[str, bytearray] | None = None

    async def take(self, event: PartBegins | bytes | None) -> None:
        """A part begins, goes on, or (None) ends."""
        if isinstance(event, PartBegins):
            self._begin(event)
        elif event is None:
            await self._end()
        elif self._file is not None:
            self._size += len(event)
            if self._size > self._most:
                raise too_large(self._most)
            self._file.pending += event
            if len(self._file.pending) >= _BLOCK:
                await run_in_threadpool(self._file.flush)
        elif self._field is not None:
            self._field[1].extend(event)
            if len(self._field[1]) > _LONGEST_FIELD:
                raise Problem(
                    413, "TOO_LARGE", f"the field {self._field[0]} is longer than {_LONGEST_FIELD} bytes"
                )

    @property
    def form(self) -> Form:
        return self._form

    def close(self) -> None:
        if self._file is not None:
            self._file.handle.close()

    def _begin(self, part: PartBegins) -> None:
        form = self._form
        if part.name in form.fields or part.name in form.files:
            raise Problem(422, "FORM", f"the field {part.name} is given twice")
        if len(form.fields) + len(form.files) >= _MOST_FIELDS:
            raise Problem(422, "FORM", f"a form may have {_MOST_FIELDS} fields")
        if part.file is None:
            self._field = (part.name, bytearray())
            return
        if part.name not in ("video", "audio"):
            raise Problem(422, "FORM", f"the field {part.name} is no file; files are video and audio")
        self._file = _File.made(self._folder, part.name, part.file)

    async def _end(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            self._form.files[file.part] = await run_in_threadpool(file.finish)
        elif self._field is not None:
            name, content = self._field
            self._field = None
            try:
                self._form.fields[name] = content.decode("utf-8")
            except UnicodeDecodeError:
                raise Problem(422, "FORM", f"the field {name} is not UTF-8") from None


@dataclass(slots=True, kw_only=True)
class _File:
    part: str
    name: str
    place: str
    folder: Path
    handle: BinaryIO
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0
    pending: bytearray = field(default_factory=bytearray)

    @classmethod
    def made(cls, folder: Path, part: str, name: str) -> _File:
        """A new file. Its name is the field's: what the client calls it is only kept to be shown."""
        place = f"{part}.{ending_of(name)}"
        descriptor = os.open(folder / place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        handle = open(descriptor, "wb")
        return cls(part=part, name=shown_name(name, place), place=place, folder=folder, handle=handle)

    def flush(self) -> None:
        # Looked at again and again: others write too, and not all say how much will come.
        check_disk(self.folder, len(self.pending))
        self.handle.write(self.pending)
        self.digest.update(self.pending)
        self.size += len(self.pending)
        self.pending = bytearray()

    def finish(self) -> InputFile:
        self.flush()
        self.handle.flush()
        os.fsync(self.handle.fileno())
        self.handle.close()
        if not self.size:
            raise Problem(422, "EMPTY", f"the file {self.part} is empty")
        return InputFile(name=self.name, place=self.place, bytes=self.size, sha256=self.digest.hexdigest())


def ending_of(name: str) -> str:
    """The ending that a file gets here: its own if it is a known one."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending if ending in _ENDINGS else "bin"


def shown_name(name: str, otherwise: str) -> str:
    """A client's name of a file, for people: the last part of a path, one line, of bounded length."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(sign for sign in last if sign.isprintable()).strip()[-200:]
    return clean or otherwise
