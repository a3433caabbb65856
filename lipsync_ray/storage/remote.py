"""Bytes to and from a store, in pieces; what is written appears whole or not at all."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from lipsync_ray.errors import StorageError
from lipsync_ray.storage.trouble import told
from lipsync_ray.storage.uri import filesystem

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import FileInfo, FileSystem

# A store answers each read with a request of its own: large pieces, a few at a time, fill the line.
PIECE = 8 << 20  # bytes
AT_ONCE = 4


def info(place: str) -> FileInfo:
    """What the store knows of an address; its type says whether there is anything."""
    with told(place):
        store, path = filesystem(place)
        return store.get_file_info(path)


def pieces(place: str) -> Iterator[bytes]:
    """The bytes of an object, in order.

    Raises:
        StorageError: as ``told``; or the object was replaced by another one meanwhile.
    """
    with told(place):
        store, path = filesystem(place)
        source = store.open_input_file(path)  # says if it is missing
        length = source.size()
        before = store.get_file_info(path) if length > PIECE else None
    with source:
        yield from _in_order(place, source, length)
    if before is not None:  # each piece was asked for by name
        after = info(place)
        if (after.size, after.mtime_ns) != (before.size, before.mtime_ns):
            raise StorageError(f"{place} was replaced while it was read; run again")


def _in_order(place: str, source: NativeFile, length: int) -> Iterator[bytes]:
    starts = iter(range(0, length, PIECE))
    with ThreadPoolExecutor(AT_ONCE, "storage") as threads:
        waiting = deque(threads.submit(source.read_at, PIECE, start) for start in islice(starts, AT_ONCE))
        done = 0
        while waiting:
            with told(place):
                piece = waiting.popleft().result()
            if (start := next(starts, None)) is not None:
                waiting.append(threads.submit(source.read_at, PIECE, start))
            done += len(piece)
            yield piece
    if done != length:
        raise StorageError(f"{place} ended after {done} of {length} bytes; run again")


def put(place: str, data: Iterable[bytes]) -> None:
    """Write an object from its pieces; if they or the store fail, there is none.

    Runs in a thread, since closing a stream makes an object of whatever has been written: an interrupt must
    not get between. A first interrupt waits for the end, a second one goes at once. A killed process leaves
    no object, but the store may keep and bill its parts: give buckets a rule that aborts incomplete uploads.
    """
    with told(place):
        store, path = filesystem(place)
    _uninterrupted(lambda: _send(place, store, path, data))


def _send(place: str, store: FileSystem, path: str, data: Iterable[bytes]) -> None:
    with told(place):
        out = store.open_output_stream(path)
    try:
        for piece in _sound(data):
            with told(place):
                out.write(piece)
    except _SourceFailed as failure:
        with suppress(OSError):
            out.close()
        with suppress(OSError):
            store.delete_file(path)  # a torn object; nothing aborts an upload that has begun
        raise failure.cause from None
    except StorageError:
        with suppress(OSError):
            out.close()  # makes no object, as a part of it is missing
        raise
    with told(place):
        out.close()


class _SourceFailed(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


def _sound(data: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from data
    except Exception as error:
        raise _SourceFailed(error) from error


def _uninterrupted(work: Callable[[], None]) -> None:
    failures: list[Exception] = []
    ended = threading.Event()  # Thread.join calls a thread dead once it has been interrupted (before 3.13)

    def run() -> None:
        try:
            work()
        except Exception as error:
            failures.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="storage-put", daemon=True).start()
    try:
        ended.wait()
    except BaseException:
        ended.wait()
        raise
    if failures:
        raise failures[0]


class Seekable(io.RawIOBase):
    """An object as a file that reads only what it is asked for; its errors name the place."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place
        with told(place):
            store, path = filesystem(place)
            self._file = store.open_input_file(path)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer; the number of bytes read, 0 at the end."""
        with told(self._place):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._file.size()}[whence]
        self._file.seek(base + offset)
        return base + offset

    def tell(self) -> int:
        """Where the next read starts."""
        return self._file.tell()

    def close(self) -> None:
        """Let go of the object."""
        if not self.closed:
            self._file.close()
        super().close()
