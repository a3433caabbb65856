"""Faces of a dub beside those of its source, for a report: the moments that are flagged, and some others."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.reader import open_reader
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.flags import Flag

HEIGHT = 220  # px of a picture
_QUALITY = 82  # of the JPEGs
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
    drawn = np.flatnonzero(seen.drawn)
    if len(drawn):
        places = ((np.arange(EVENLY) + 0.5) * len(drawn) / EVENLY).astype(np.int64)
        for number in drawn[places].tolist():
            moments.setdefault(int(number), "")
    return [Moment(number=number, why=why) for number, why in sorted(moments.items())]


def take_pictures(
    seen: Seen,
    moments: Sequence[Moment],
    tables: tuple[FrameTable, FrameTable],
) -> list[Picture]:
    """Cut the faces out.

    Args:
        seen: the measured dub.
        moments: frames to show, in order; those that no crop belongs to are left out.
        tables: of the source and of the output.

    Raises:
        MediaError: a frame cannot be decoded.
    """
    shown = [moment for moment in moments if seen.crop_of(moment.number) is not None]
    numbers = [moment.number for moment in shown]
    if not numbers:
        return []
    with open_reader(tables[0]) as reader:
        before = _faces(reader.frames(seen.source[numbers]), numbers, seen)
    with open_reader(tables[1]) as reader:
        after = _faces(reader.frames(numbers), numbers, seen)
    return [
        Picture(moment=moment, time=float(seen.times[moment.number]), before=one, after=other)
        for moment, one, other in zip(shown, before, after, strict=True)
    ]


def _faces(frames: Iterable[Frame], numbers: Sequence[int], seen: Seen) -> list[str]:
    boxes = [box for number in numbers if (box := seen.crop_of(number)) is not None]
    return [_jpeg(crop_rgb(frame, box)) for frame, box in zip(frames, boxes, strict=True)]


def _jpeg(rgb: np.ndarray) -> str:
    scale = HEIGHT / rgb.shape[0]
    size = (max(1, round(rgb.shape[1] * scale)), HEIGHT)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
