"""A file for the C2PA library, which tells of no error but that there was one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")


class Watched:
    """Passes on what is done to a file and keeps the first error, such as that of a full disk.

    Args:
        file: that is read or written.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.trouble: OSError | None = None
        self._file = file

    def read(self, length: int) -> bytes:
        """As the file's own."""
        return self._kept(self._file.read, length)

    def readinto(self, buffer: Any) -> int:
        """As the file's own: spares a copy of what is read."""
        return self._kept(self._file.readinto, buffer)  # type: ignore[attr-defined]

    def write(self, data: bytes) -> int:
        """As the file's own."""
        return self._kept(self._file.write, data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As the file's own."""
        return self._kept(self._file.seek, offset, whence)

    def tell(self) -> int:
        """As the file's own."""
        return self._kept(self._file.tell)

    def flush(self) -> None:
        """As the file's own."""
        self._kept(self._file.flush)

    def _kept(self, act: Callable[..., T], *given: Any) -> T:
        try:
            return act(*given)
        except OSError as error:
            self.trouble = self.trouble or error
            raise
