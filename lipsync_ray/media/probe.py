"""Open a media file and describe its video stream, or say by name what is wrong with it."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.demux import FormatRefused, check_path, open_demuxer
from lipsync_ray.media.frame import Matrix
from lipsync_ray.media.hdr import light_level, mastering_display
from lipsync_ray.media.planes import working_layout
from lipsync_ray.media.table import ColourTags, VideoInfo

log = logging.getLogger(__name__)

_MATRICES: dict[int, Matrix] = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    7: "bt709",
    9: "bt2020",
    10: "bt2020",
}
_UNKNOWN = (0, 2, 3)  # RGB, unspecified, reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The description of a stream, and the PTS of the first picture that its decoder gives."""

    video: VideoInfo
    first_pts: int | None


def open_container(
    path: str | Path, *, most_pixels: int | None = None, packets_only: bool = False
) -> InputContainer:
    """Open a plain file for demuxing, never a network address or a playlist; see ``open_demuxer``.

    Raises:
        VideoUnreadable: the file is no media, or it is a list of other files.
    """
    file = check_path(path, VideoUnreadable)
    try:
        return open_demuxer(file, most_pixels=most_pixels, packets_only=packets_only)
    except FormatRefused as error:
        raise VideoUnreadable(f"{path}: {error}") from error
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoUnreadable(
            f"{path} cannot be opened as a video: {reason(error)}. It is damaged, cut short or no media file"
        ) from error


def reason(error: BaseException) -> str:
    """What FFmpeg said, without the file name and the number."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def choose_stream(container: InputContainer, path: str | Path) -> VideoStream:
    """The video stream a player shows: default before others, then the largest; never a cover picture."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [s for s in container.streams.video if not s.disposition & covers and s.codec_context]
    if not streams:
        kinds = sorted({_kind(s, bool(s.disposition & covers)) for s in container.streams})
        raise VideoUnreadable(f"{path} holds no video stream (found: {', '.join(kinds) or 'nothing'})")
    return max(
        streams, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height, -s.index)
    )


def _kind(stream: Stream, cover: bool) -> str:
    """What a stream that is no usable video is called."""
    if stream.type != "video":
        return stream.type
    return "cover picture" if cover else "video of an unknown codec"


class Prober:
    """Describes a video stream by its first picture, while somebody else reads its packets."""

    def __init__(self, container: InputContainer, stream: VideoStream, path: str | Path) -> None:
        self._container, self._stream, self._path = container, stream, path
        self._first: av.VideoFrame | None = None

    def see(self, packet: av.Packet) -> None:
        """Decode the next packet of the stream, the empty one at its end included, until a picture comes.

        Raises:
            VideoUnreadable: the first picture cannot be decoded.
        """
        if self._first is not None:
            return
        try:
            frames: list[Any] = packet.decode()
        except (FFmpegError, OSError) as error:
            raise VideoUnreadable(
                f"{self._path}: the first picture cannot be decoded: {reason(error)}"
            ) from error
        self._first = frames[0] if frames else None

    def result(self) -> Probe:
        """The description. Raises VideoUnreadable: no picture came."""
        frame = self._first
        if frame is None:
            raise VideoUnreadable(f"{self._path}: the video stream holds no picture")
        video = _describe(self._container, self._stream, frame, self._path)
        return Probe(video=video, first_pts=frame.pts)


def _describe(
    container: InputContainer, stream: VideoStream, frame: av.VideoFrame, path: str | Path
) -> VideoInfo:
    context = stream.codec_context
    if frame.interlaced_frame:
        log.warning(
            "%s is interlaced: its fields stay as they are, but the output is marked as progressive and may "
            "show combs; deinterlace it first (ffmpeg -i IN -vf bwdif OUT)",
            path,
        )
    rotation, mirrored = orientation(frame)
    aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
    aspect = aspect if aspect > 0 else Fraction(1)
    width, height = frame.width, frame.height
    sideways = rotation in (90, 270)
    colour, matrix, full = _colour(frame, path)
    centred = context.name in ("mjpeg", "mpeg1video", "jpeg2000")
    layout = working_layout(frame.format, matrix=matrix, full_range=full, centred=centred)
    return VideoInfo(
        width=height if sideways else width,
        height=width if sideways else height,
        coded_width=width,
        coded_height=height,
        rotation=rotation,
        mirrored=mirrored,
        pix_fmt=frame.format.name,
        layout=layout.turned(rotation, mirrored),
        sample_aspect_ratio=1 / aspect if sideways else aspect,
        codec=context.codec.canonical_name,
        bit_rate=context.bit_rate or None,
        time_base=Fraction(stream.time_base or Fraction(1, 90000)),
        nominal_rate=Fraction(stream.average_rate or stream.guessed_rate or 25),
        colour=colour,
        container=container.format.name,
        has_audio=bool(container.streams.audio),
        stream_index=stream.index,
    )


def _colour(frame: av.VideoFrame, path: str | Path) -> tuple[ColourTags, Matrix, bool]:
    """Tags to hand on, and the matrix and range to calculate with.

    Without a tag the matrix is what players assume: BT.709 from 1280 columns or 577 rows on, else BT.601.
    """
    tagged = int(frame.colorspace)
    guess: Matrix = "bt709" if frame.width >= 1280 or frame.height > 576 else "bt601"
    if tagged not in _MATRICES and tagged not in _UNKNOWN:
        raise VideoUnreadable(f"{path} uses colour matrix {tagged}, which is not supported: convert it first")
    matrix = _MATRICES.get(tagged, guess)
    name = frame.format.name
    full = name.startswith("yuvj") or int(frame.color_range) == 2
    range_ = 2 if full else int(frame.color_range)
    if frame.format.is_rgb or frame.format.has_palette or name.startswith("mono"):
        tagged, range_, full = {"bt601": 6, "bt709": 1, "bt2020": 9}[matrix], 1, False
    tags = ColourTags(
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        matrix=tagged,
        range=range_,
        mastering=mastering_display(frame),
        light=light_level(frame),
    )
    return tags, matrix, full


def orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """Degrees clockwise and mirroring that make a decoded picture upright, from its display matrix.

    The matrix holds 16.16 fixed-point numbers a b u c d v x y w with x' = a x + c y and y' = b x + d y, rows
    growing downwards (libavutil/display.h). Angles between quarters go to the nearest.
    """
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 0, False
    a, b, _, c, d = (float(x) for x in np.frombuffer(bytes(data)[:20], np.int32))
    mirrored = a * d - b * c < 0
    degrees = math.degrees(math.atan2(b, -a if mirrored else a))
    return round(degrees / 90) * 90 % 360, mirrored


def with_rates(video: VideoInfo, *, rate: Fraction, bit_rate: int | None) -> VideoInfo:
    """The same stream with its measured frame rate and, where the header gave none, its bit rate."""
    return replace(video, nominal_rate=rate, bit_rate=video.bit_rate or bit_rate)
