"""A look at the beginning of a file: enough to know whether it can be used at all, and how long it is."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream

from lipsync_ray.errors import AudioUnreadable, LimitExceeded, VideoUnreadable
from lipsync_ray.media.audio import first_sound, open_audio
from lipsync_ray.media.demux import FormatRefused, open_demuxer, read_frames
from lipsync_ray.media.probe import choose_stream, open_container, reason

_TOLD = 4  # times the most pixels: so far the size of a picture is told, though FFmpeg may decode it for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a file's header says, once something of it has been decoded."""

    seconds: float  # 0 where the header does not tell, and for a picture
    width: int = 0
    height: int = 0
    rate: float = 0.0  # frames per second on average; 0 where the header does not tell


def glance_at_video(source: Path | BinaryIO, name: str, most_pixels: int | None = None) -> Glance:
    """Open a video or picture and decode its first frame.

    Args:
        source: a path, or a file that is being read.
        name: how errors call it.
        most_pixels: of a picture. A larger one is told as its header has it, and not decoded: a small file
            may hold a picture that fills the memory.

    Raises:
        VideoUnreadable: it cannot be opened, or holds no picture.
        LimitExceeded: its pictures are so large, or so damaged, that not even their size is known.
    """
    ceiling = None if most_pixels is None else most_pixels * _TOLD
    with ExitStack() as stack:
        container = stack.enter_context(
            open_container(source, most_pixels=ceiling)
            if isinstance(source, Path)
            else _opened(source, name, VideoUnreadable, ceiling)
        )
        stream = choose_stream(container, name)
        if most_pixels is not None and ceiling is not None:
            if not stream.width * stream.height:
                raise LimitExceeded(
                    f"{name} holds pictures of more than {ceiling / 1e6:g} megapixels, or damaged ones"
                )
            if stream.width * stream.height > most_pixels:
                return _told(container, stream)
            stream.codec_context.options = {"max_pixels": str(ceiling)}  # whatever the header says
        try:
            frame = next(read_frames(container, stream), None)
        except FFmpegError as error:
            raise VideoUnreadable(f"{name} cannot be decoded: {reason(error)}") from error
        if frame is None:
            raise VideoUnreadable(f"{name} holds no picture that can be decoded")
        return _told(container, stream)


def glance_at_sound(source: Path | BinaryIO, name: str) -> Glance:
    """Open a sound file and decode its beginning.

    Raises:
        AudioUnreadable: it cannot be opened, or holds no sound.
    """
    with ExitStack() as stack:
        if isinstance(source, Path):
            container, stream = stack.enter_context(open_audio(source))
        else:
            container = stack.enter_context(_opened(source, name, AudioUnreadable))
            stream = first_sound(container, name)
        try:
            frame = next(read_frames(container, stream), None)
        except FFmpegError as error:
            raise AudioUnreadable(f"{name} cannot be decoded: {reason(error)}") from error
        if frame is None:
            raise AudioUnreadable(f"{name} has a sound track, but no sample of it can be decoded")
        return Glance(seconds=_seconds(container, stream))


def _told(container: InputContainer, stream: VideoStream) -> Glance:
    return Glance(
        seconds=_seconds(container, stream),
        width=stream.width,
        height=stream.height,
        rate=float(stream.average_rate or 0),
    )


def _opened(
    source: BinaryIO,
    name: str,
    kind: type[VideoUnreadable] | type[AudioUnreadable],
    most_pixels: int | None = None,
) -> InputContainer:
    try:
        return open_demuxer(source, most_pixels=most_pixels)
    except FormatRefused as error:
        raise kind(f"{name}: {error}") from error
    except (FFmpegError, ValueError) as error:
        raise kind(
            f"{name} cannot be opened: {reason(error)}. It is damaged, cut short or no media file"
        ) from error


def _seconds(container: InputContainer, stream: Stream) -> float:
    if container.duration:
        return container.duration / av.time_base
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return 0.0
