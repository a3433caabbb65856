"""Faces of a dub beside those of its source, for a report: the moments that are flagged, and some others."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_ray.media.frame import Frame
from lipsync_ray.media.index import FrameTable, build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.flags import Flag
from lipsync_ray.quality.thumb import face_jpeg

MOST_FLAGGED, EVENLY = 12, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A frame that is shown."""

    number: int  # output frame
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The face at a moment, as data URIs of JPEGs."""

    moment: Moment
    time: float  # s
    before: str
    after: str


def choose_moments(seen: Seen, flags: Sequence[Flag]) -> list[Moment]:
    """The middles of the gravest flags, and moments spread over what is drawn."""
    gravest = sorted(flags, key=lambda flag: -flag.severity())[:MOST_FLAGGED]
    moments = {(flag.start + flag.stop) // 2: flag.kind for flag in gravest if not flag.whole}
    for number in spread(seen.drawn):
        moments.setdefault(number, "")
    return [Moment(number=number, why=why) for number, why in sorted(moments.items())]


def spread(drawn: np.ndarray) -> list[int]:
    """Output frames spread over those that are ``drawn bool[T]``."""
    rows = np.flatnonzero(drawn)
    places = ((np.arange(EVENLY) + 0.5) * len(rows) / EVENLY).astype(np.int64)
    return sorted(set(rows[places].tolist())) if len(rows) else []


def take_pictures(
    seen: Seen,
    moments: Sequence[Moment],
    table: FrameTable,
    output: str | Path,
) -> list[Picture]:
    """The faces at some moments: those that were kept when the dub was measured, and others decoded anew.

    Args:
        seen: the measured dub.
        moments: frames to show, in order; those that no crop belongs to are left out.
        table: of the source.
        output: the finished file, which is looked into only where a face is decoded anew.

    Raises:
        MediaError: a frame cannot be decoded.
    """
    shown = [moment for moment in moments if seen.crop_of(moment.number) is not None]
    faces = dict(seen.looks.faces)
    missing = [moment.number for moment in shown if moment.number not in faces]
    if missing:
        with open_reader(table) as reader:
            before = _faces(reader.frames(seen.source[missing]), missing, seen)
        with open_reader(build_table(output)) as reader:
            after = _faces(reader.frames(missing), missing, seen)
        faces |= zip(missing, zip(before, after, strict=True), strict=True)
    return [
        Picture(
            moment=moment,
            time=float(seen.times[moment.number]),
            before=_uri(faces[moment.number][0]),
            after=_uri(faces[moment.number][1]),
        )
        for moment in shown
    ]


def _faces(frames: Iterable[Frame], numbers: Sequence[int], seen: Seen) -> list[bytes]:
    boxes = [box for number in numbers if (box := seen.crop_of(number)) is not None]
    return [face_jpeg(frame, box) for frame, box in zip(frames, boxes, strict=True)]


def _uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
