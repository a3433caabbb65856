"""Rows of numbers about a long sound: in memory as long as they are few, then in a file without a name."""

from __future__ import annotations

import tempfile
import weakref

import numpy as np

MOST_BYTES = 2**22  # in memory: 7 minutes of sound in 48 bands
_SPAN = 4096  # rows that are read together


class Shelf:
    """Rows of one type and width, which are added in order and read in any.

    Args:
        columns: of each row.
        kind: of a number.
        most_bytes: from here on all rows lie in the file, which goes with the shelf.
    """

    def __init__(self, columns: int, kind: type[np.number], most_bytes: int = MOST_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=most_bytes)
        weakref.finalize(self, self._file.close)
        self._columns, self._kind, self._count = columns, np.dtype(kind), 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: np.ndarray) -> None:
        """Add ``[n, columns]``."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(rows, self._kind).tobytes())
        self._count += len(rows)

    def __getitem__(self, wanted: slice | np.ndarray) -> np.ndarray:
        """Rows that follow each other, or those of ascending numbers ``int[m]``: ``[m, columns]``."""
        if isinstance(wanted, slice):
            start, stop, _ = wanted.indices(self._count)
            return self._read(start, stop)
        edges = range(int(wanted[0]), int(wanted[-1]) + 1, _SPAN) if len(wanted) else range(0)
        cuts = np.searchsorted(wanted, [*edges, self._count])
        parts = [np.empty((0, self._columns), self._kind)]
        for edge, first, stop in zip(edges, cuts[:-1], cuts[1:], strict=True):
            if first < stop:
                parts.append(self._read(edge, edge + _SPAN)[wanted[first:stop] - edge])
        return np.concatenate(parts)

    def _read(self, start: int, stop: int) -> np.ndarray:
        width = self._columns * self._kind.itemsize
        self._file.seek(start * width)
        data = self._file.read(max(0, min(stop, self._count) - start) * width)
        return np.frombuffer(data, self._kind).reshape(-1, self._columns)
