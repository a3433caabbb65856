"""Mouths as a scan saw them, kept beside its parts: a short video is not decoded again for their pictures."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lipsync_ray.faces.mesh import LIPS
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box, Frame, PixelLayout

logger = logging.getLogger(__name__)

MARGIN = 0.2  # face widths of skin about the lips
# Of the pictures of a video, of which a large face at 720p takes 1.5 MB a second. Caches of backlogs hold
# thousands of videos, and those in a store travel; a run of one video here may use more until it ends.
MOST_BYTES, PASSING_BYTES = 24 << 20, 96 << 20
_OUTER, _EDGES = LIPS[:20], (234, 454)  # the lips' outer ring; left and right edge of the face
_AROUND = 4  # px kept around the box: colour at its edge is interpolated between samples beyond
_SCHEMA = pa.schema(
    [
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("box", pa.list_(pa.int32(), 4), nullable=False),  # px x0 y0 x1 y1 of what is kept
        pa.field("planes", pa.binary(), nullable=False),  # Y, U and V of it, rows one after the other
    ]
)


def mouth_box(landmarks: np.ndarray, width: int, height: int) -> Box:
    """Box about the lips of a face ``[468,3]`` px with skin around, inside the picture."""
    lips = landmarks[_OUTER, :2]
    face = float(np.linalg.norm(landmarks[_EDGES[0], :2] - landmarks[_EDGES[1], :2]))
    low = np.floor(lips.min(axis=0) - MARGIN * face).astype(int)
    high = np.ceil(lips.max(axis=0) + MARGIN * face).astype(int)
    (x0, x1), (y0, y1) = _inside(low[0], high[0], width), _inside(low[1], high[1], height)
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def _inside(low: int, high: int, size: int) -> tuple[int, int]:
    start = min(max(int(low), 0), size - 1)
    return start, min(max(int(high), start + 1), size)


def _grown(box: Box, width: int, height: int) -> Box:
    """With what colour needs around it, from a whole chroma sample on, inside the picture."""
    return Box(
        x0=max(0, box.x0 - _AROUND) // 2 * 2,
        y0=max(0, box.y0 - _AROUND) // 2 * 2,
        x1=min(width, box.x1 + _AROUND),
        y1=min(height, box.y1 + _AROUND),
    )


def _planes(frame: Frame, box: Box) -> Iterator[np.ndarray]:
    """The planes inside a box that begins with whole chroma samples."""
    for number, plane in enumerate(frame.planes):
        right, down = (frame.layout.shift_x, frame.layout.shift_y) if number else (0, 0)
        yield plane[box.y0 >> down : -(-box.y1 >> down), box.x0 >> right : -(-box.x1 >> right)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notes:
    """What all pictures of a file have in common."""

    size: tuple[int, int]  # columns and rows of the whole picture
    layout: PixelLayout

    def metadata(self) -> dict[str, str]:
        return {"size": json.dumps(self.size), "layout": json.dumps(asdict(self.layout))}

    @classmethod
    def of(cls, metadata: Mapping[bytes, bytes]) -> _Notes:
        width, height = json.loads(metadata[b"size"])
        return cls(size=(width, height), layout=PixelLayout(**json.loads(metadata[b"layout"])))


class MouthKeeper:
    """Gathers the pictures of a range. It gives up, with all it has, once they take more than ``most_bytes``
    or a frame comes whose size or layout is another.
    """

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes  # below 0: given up
        self._notes: _Notes | None = None
        self._frames: list[int] = []
        self._boxes: list[tuple[int, int, int, int]] = []
        self._planes = bytearray()  # one after the other, as Arrow holds them: no second copy is made
        self._ends = [0]

    def add(self, frame: Frame, landmarks: np.ndarray) -> None:
        """Keep the mouth of a face ``[468,3]`` px of a frame."""
        if self._left < 0:
            return
        size = frame.width, frame.height
        box = _grown(mouth_box(landmarks, *size), *size)
        self._left -= frame.layout.bytes_of(box.height, box.width)
        self._notes = self._notes or _Notes(size=size, layout=frame.layout)
        if self._left < 0 or self._notes != _Notes(size=size, layout=frame.layout):
            self._left, self._frames, self._boxes = -1, [], []
            self._planes, self._ends = bytearray(), [0]
            return
        for plane in _planes(frame, box):
            self._planes += plane.tobytes()
        self._ends.append(len(self._planes))
        self._frames.append(frame.index)
        self._boxes.append((box.x0, box.y0, box.x1, box.y1))

    def table(self) -> pa.Table | None:
        """All that was kept, for `write_part`; None if that is nothing."""
        if self._notes is None or not self._frames:
            return None
        box = pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(self._boxes), pa.int32()), 4)
        buffers = [None, pa.py_buffer(np.array(self._ends, np.int32)), pa.py_buffer(self._planes)]
        planes = pa.Array.from_buffers(pa.binary(), len(self._frames), buffers)
        arrays = [pa.array(self._frames, pa.int64()), box, planes]
        metadata = {**self._notes.metadata(), "crc": str(zlib.crc32(self._planes))}
        return pa.Table.from_arrays(arrays, schema=_SCHEMA.with_metadata(metadata))


def mouths_path(folder: Path, start: int, stop: int) -> Path:
    """File of one range; a range may have none."""
    return folder / f"mouths-{start:08d}-{stop:08d}.arrow"


def thin(folder: Path, ranges: Sequence[tuple[int, int]]) -> None:
    """Remove what ranges of a scan, given all of them, have kept beyond their share of ``MOST_BYTES``."""
    for start, stop in ranges:
        path = mouths_path(folder, start, stop)
        with suppress(OSError):  # none were kept, or another run has removed them
            if path.stat().st_size > share_of(MOST_BYTES, (start, stop), ranges[-1][1]):
                path.unlink()


def share_of(most_bytes: int, wanted: tuple[int, int], frames: int) -> int:
    """What a range of a video of so many frames may take of so many bytes."""
    return most_bytes * (wanted[1] - wanted[0]) // frames


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMouths:
    """The kept pictures of a scan."""

    folder: Path
    ranges: tuple[tuple[int, int], ...]

    def crops(self, frames: np.ndarray, boxes: list[Box]) -> list[np.ndarray | None]:
        """What `crop_rgb` gives of boxes of frames, ``uint8[h,w,3]`` each; None where it was not kept.

        Read range by range; the frames may come in any order and repeat.
        """
        out: list[np.ndarray | None] = [None] * len(frames)
        for start, stop in self.ranges:
            path = mouths_path(self.folder, start, stop)
            mine = np.flatnonzero((frames >= start) & (frames < stop))
            kept = _opened(path) if len(mine) else None
            if kept is not None:
                for at in mine.tolist():
                    out[at] = kept.crop(int(frames[at]), boxes[at])
        return out


def _opened(path: Path) -> _Part | None:
    """A file of kept pictures, or None: what cannot be read is decoded from the video again."""
    try:
        return _Part(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the kept mouths %s are damaged and decoded again: %s", path, error)
        return None


class _Part:
    """One file; its pictures stay in it until they are asked for."""

    def __init__(self, path: Path) -> None:
        self._table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        self._notes = _Notes.of(self._table.schema.metadata)
        self._planes = self._table.column("planes").combine_chunks()
        if zlib.crc32(self._planes.buffers()[2]) != int(self._table.schema.metadata[b"crc"]):
            raise ValueError("its pictures are not those that were written")
        self._boxes = [Box(x0=x0, y0=y0, x1=x1, y1=y1) for x0, y0, x1, y1 in self._column("box")]
        self._rows: dict[int, list[int]] = {}
        for row, frame in enumerate(self._column("frame")):
            self._rows.setdefault(frame, []).append(row)

    def crop(self, frame: int, box: Box) -> np.ndarray | None:
        """RGB of a box, if one of the faces of the frame has it."""
        needed = _grown(box, *self._notes.size)
        for row in self._rows.get(frame, ()):
            kept = self._boxes[row]
            if _holds(kept, needed):
                at = (box.x0 - kept.x0, box.y0 - kept.y0, box.x1 - kept.x0, box.y1 - kept.y0)
                return crop_rgb(self._picture(frame, row), Box(x0=at[0], y0=at[1], x1=at[2], y1=at[3]))
        return None

    def _picture(self, index: int, row: int) -> Frame:
        box, layout = self._boxes[row], self._notes.layout
        values = np.frombuffer(self._planes[row].as_buffer(), layout.dtype)
        rows, columns = layout.chroma_shape(box.height, box.width)
        ends = np.cumsum([box.height * box.width, rows * columns])
        luma, u, v = np.split(values, ends)
        planes = (luma.reshape(box.height, box.width), u.reshape(rows, columns), v.reshape(rows, columns))
        return Frame(index=index, planes=planes, layout=layout)

    def _column(self, name: str) -> list[Any]:
        return self._table.column(name).to_pylist()


def _holds(outer: Box, inner: Box) -> bool:
    return outer.x0 <= inner.x0 and outer.y0 <= inner.y0 and inner.x1 <= outer.x1 and inner.y1 <= outer.y1
