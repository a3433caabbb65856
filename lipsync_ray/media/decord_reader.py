"""decord as an explicit alternative, which refuses every file that it reads wrongly.

decord counts packets, so it repeats frames of edit lists, is off by some frames behind keyframes of open
groups, and fails at the end of transport streams. At opening, its count and all its times are held against
the frame table, and pictures around keyframes and at both ends against the default reader's.

It gives 8-bit RGB only: planes are converted back, about a level darker than the source and without its
extra depth. The default reader has neither fault.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from lipsync_ray.errors import DecordRefused, DependencyMissing, FrameUnreadable
from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.index import list_packets
from lipsync_ray.media.ordered_reader import OrderedReader
from lipsync_ray.media.probe import choose_stream, open_container
from lipsync_ray.media.pyav_reader import PyavReader
from lipsync_ray.media.table import FrameTable

log = logging.getLogger(__name__)

_KEYS = 6  # keyframes whose surroundings are compared
_NEAR = 3  # decord's faults are off by one to three frames
_SMALL = (64, 64)
_SAME = 4.0  # levels of the small picture; conversions differ by one or two


def open_decord(table: FrameTable, *, threads: int = 0) -> DecordReader:
    """A reader for a file that decord has shown to read right; it is checked once per table and process.

    Raises:
        DependencyMissing: decord is not installed.
        DecordRefused: a check failed.
    """
    _verify(table)
    return DecordReader(table, threads=threads)


@lru_cache(maxsize=4)
def _verify(table: FrameTable) -> None:
    with DecordReader(table) as reader:
        reader.check_times()
        _check_structure(table)
        reader.check_pictures()


class DecordReader(OrderedReader):
    """Reads with decord; :func:`open_decord` checks first that it can."""

    def __init__(self, table: FrameTable, *, threads: int = 0) -> None:
        super().__init__(table)
        self._video: Any = _open(table, threads)
        # swscale takes an untagged stream for BT.601; going back with the same matrix restores the samples.
        layout = table.video.layout
        untagged = table.video.colour.matrix in (0, 2)
        self._back = replace(layout, matrix="bt601") if untagged else layout

    def close(self) -> None:
        """See :class:`~lipsync_ray.media.reader.Reader`."""
        self._video = None

    def _take(self, index: int) -> Frame:
        try:
            rgb = self._video[index].asnumpy()
        except Exception as error:  # decord raises bare RuntimeErrors of its own
            raise FrameUnreadable(
                f"{self.table.path}: decord cannot decode frame {index} at "
                f"{float(self.table.time(index)):.3f} s ({_first_line(error)}): use media.reader=pyav"
            ) from error
        video = self.table.video
        if rgb.shape != (video.height, video.width, 3):
            raise _refused(self.table.path, f"frame {index} is {rgb.shape[1]}x{rgb.shape[0]} pixels")
        return Frame(index=index, planes=planes_from_rgb(rgb, self._back), layout=video.layout)

    def check_times(self) -> None:
        """Hold decord's count and times against the table's."""
        table, n = self.table, len(self._video)
        if n != len(table):
            raise _refused(table.path, f"it counts {n} frames of {len(table)}")
        seen = np.asarray(self._video.get_frame_timestamp(range(n)), np.float64)[:, 0]
        times = table.times()
        # Its clock starts at the first frame of the stream.
        off = np.abs((seen - seen[0]) - (times - times[0]))
        gap = float(np.diff(times).min()) if n > 1 else 1.0
        wrong = np.flatnonzero(~(off < gap / 4))
        if len(wrong):
            raise _refused(
                table.path,
                f"frame {wrong[0]} at {times[wrong[0]]:.3f} s, it says {seen[wrong[0]]:.3f} s",
            )

    def check_pictures(self) -> None:
        """Compare suspicious frames with the default reader's, later groups first to make decord seek."""
        table = self.table
        suspects = _suspects(table)
        with PyavReader(table) as right:
            near = np.unique(np.clip(suspects[:, None] + np.arange(-_NEAR, _NEAR + 1), 0, len(table) - 1))
            truth = {frame.index: _shrunk(frame) for frame in right.frames(near)}
        for index in sorted(suspects.tolist(), key=lambda i: (-table.governing_key(i), i)):
            try:
                seen = _shrunk(self._take(index))
            except FrameUnreadable as error:
                raise _refused(table.path, f"it fails at frame {index}") from error
            rivals = range(max(0, index - _NEAR), min(len(table), index + _NEAR + 1))
            off = {i: float(np.abs(seen - truth[i]).mean()) for i in rivals}
            best = min(off, key=lambda i: off[i])
            if off[index] > _SAME or off[index] > 2 * off[best] + 0.1:
                raise _refused(table.path, f"asked for frame {index} it gives another one")


def _open(table: FrameTable, threads: int) -> Any:
    try:
        import decord
    except ImportError as error:
        raise DependencyMissing(
            "media.reader=decord needs decord (Linux on x86-64): pip install 'lipsync-ray[decord]'"
        ) from error
    decord.logging.set_level(decord.logging.QUIET)
    try:
        return decord.VideoReader(table.path, ctx=decord.cpu(0), num_threads=threads)
    except Exception as error:
        raise _refused(table.path, f"it cannot open it: {_first_line(error)}") from error


def _check_structure(table: FrameTable) -> None:
    """Faults that a few pictures might not show, from the packets alone."""
    if table.counted or not table.indexed:
        raise _refused(table.path, "its packets carry no reliable times")
    with open_container(table.path) as container:
        packets = list_packets(container, choose_stream(container, table.path), table.path)
    if packets.discard.any():
        raise _refused(table.path, f"an edit list hides {int(packets.discard.sum())} of its frames")
    if packets.open_gop:
        raise _refused(table.path, "it has open groups of pictures")
    if table.video.mirrored:
        raise _refused(table.path, "it is to be shown mirrored")


def _suspects(table: FrameTable) -> np.ndarray:
    """Frames worth a look: around some keyframes, at both ends, in the middle of groups; ascending."""
    n = len(table)
    keys = np.searchsorted(table.pts, table.key_pts)
    keys = keys[np.linspace(0, len(keys) - 1, min(_KEYS, len(keys))).astype(int)]
    around = (keys[:, None] + np.array([-2, -1, 0, 1, 2, 7])).ravel()
    spread = np.linspace(0, n - 1, 4).astype(int)
    found = np.unique(np.concatenate([around, spread]))
    return found[(found >= 0) & (found < n)]


def _shrunk(frame: Frame) -> np.ndarray:
    """Luma as ``float32[64,64]`` in levels of 8 bits."""
    small = cv2.resize(frame.planes[0], _SMALL, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / (1 << (frame.layout.depth - 8))


def _refused(path: str, why: str) -> DecordRefused:
    return DecordRefused(f"decord reads {path} wrongly ({why}): use media.reader=pyav")


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
