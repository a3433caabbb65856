"""Give exactly the frames that are asked for: the contract of readers, and the choice of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal, Protocol, TypeAlias

import numpy as np

from lipsync_ray.media.frame import Frame
from lipsync_ray.media.ordered_reader import StillReader
from lipsync_ray.media.pyav_reader import PyavReader
from lipsync_ray.media.table import FrameTable


class Reader(Protocol):
    """Yields source frames by their number in the frame table."""

    def frames(self, indices: Sequence[int] | np.ndarray) -> Iterator[Frame]:
        """Exactly these frames in this order, upright.

        Ascending runs stream; anything else is decoded in blocks of bounded memory; a frame may repeat.

        Raises:
            FrameUnreadable: a frame cannot be decoded, or is not in the table.
        """
        ...

    def close(self) -> None:
        """Release the file."""
        ...

    def __enter__(self) -> Reader: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Backend: TypeAlias = Literal["pyav", "decord"]


def open_reader(table: FrameTable, *, backend: Backend = "pyav", threads: int = 0) -> Reader:
    """Open a video for reading.

    Args:
        table: its frames, from :func:`~lipsync_ray.media.index.build_table`.
        backend: ``pyav``, or ``decord`` (extra ``decord``), which refuses files that it reads wrongly.
        threads: of the decoder; 0 takes one per core.
    """
    if table.video.container == "picture":
        return StillReader(table)
    if backend == "decord":
        from lipsync_ray.media.decord_reader import open_decord

        return open_decord(table, threads=threads)
    return PyavReader(table, threads=threads)
