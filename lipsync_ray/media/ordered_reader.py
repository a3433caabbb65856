"""What all readers share: frames in any order, in bounded memory; and the reader of a single picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from lipsync_ray.errors import FrameUnreadable
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.order import decode_blocks
from lipsync_ray.media.still import still_frame
from lipsync_ray.media.table import FrameTable

_KEPT_BYTES = 192 << 20  # pictures kept at once to give them out in another order than the file's
_MOST_KEPT = 64


class OrderedReader:
    """What all readers share: any order of frames on top of a ``_take`` that likes ascending ones."""

    def __init__(self, table: FrameTable) -> None:
        self.table = table

    def frames(self, indices: Sequence[int] | np.ndarray) -> Iterator[Frame]:
        """See :class:`~lipsync_ray.media.reader.Reader`."""
        wanted = np.asarray(indices, np.int64)
        outside = wanted[(wanted < 0) | (wanted >= len(self.table))]
        if len(outside):
            raise FrameUnreadable(f"{self.table.path} has no frame {outside[0]}: it has {len(self.table)}")
        video = self.table.video
        room = _KEPT_BYTES // max(1, video.layout.bytes_of(video.height, video.width))
        return self._ordered(wanted, min(_MOST_KEPT, max(4, room)))

    def _ordered(self, wanted: np.ndarray, most: int) -> Iterator[Frame]:
        for block, streamed in decode_blocks(wanted, most):
            if streamed:
                yield from map(self._take, block.tolist())
            else:
                kept = {index: self._take(index) for index in np.unique(block).tolist()}
                yield from (kept[index] for index in block.tolist())

    def _take(self, index: int) -> Frame:
        raise NotImplementedError

    def close(self) -> None:
        """See :class:`~lipsync_ray.media.reader.Reader`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class StillReader(OrderedReader):
    """Reads a picture file."""

    def __init__(self, table: FrameTable) -> None:
        super().__init__(table)
        self._frame: Frame | None = None

    def _take(self, index: int) -> Frame:
        if self._frame is None:
            self._frame = still_frame(self.table)
        return self._frame
