"""Holds given files against ``limits.max_megapixels`` and ``limits.max_hours`` before they are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lipsync_ray.errors import LimitExceeded, VideoUnreadable
from lipsync_ray.limits import LimitsSettings
from lipsync_ray.media.demux import check_path, open_demuxer
from lipsync_ray.media.probe import choose_stream, open_container
from lipsync_ray.media.still import is_still


def check_size(path: str | Path, limits: LimitsSettings) -> None:
    """Read how large the pictures of a video or picture are, without decoding one.

    A few bytes may announce a picture that fills the memory of the machine.

    Raises:
        LimitExceeded: larger than ``limits.max_megapixels``.
        VideoUnreadable: as ``open_container`` and ``choose_stream``.
    """
    file = check_path(path, VideoUnreadable)
    if is_still(file):
        _check(path, _still_size(file, _most(limits)), limits)
    else:
        with open_bounded(file, limits):
            pass


@contextmanager
def open_bounded(
    path: str | Path, limits: LimitsSettings | None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A video opened for reading, and the stream that is shown; without limits, of any size.

    Raises:
        LimitExceeded, VideoUnreadable: as ``check_size``.
    """
    with open_container(path, most_pixels=None if limits is None else _most(limits)) as container:
        stream = choose_stream(container, path)
        if container.format.name.startswith("webp"):
            raise VideoUnreadable(f"{path}: an animated WebP is not read: convert it to MP4 or GIF")
        if limits is not None:
            _check(path, (stream.width, stream.height), limits)
        yield container, stream


def _most(limits: LimitsSettings) -> int:
    return int(limits.max_megapixels * 1e6)


def _check(path: str | Path, size: tuple[int, int], limits: LimitsSettings) -> None:
    """Raises LimitExceeded: a picture of so many columns and rows is too large, or FFmpeg knows no size."""
    width, height = size
    if not width * height:
        raise LimitExceeded(
            f"{path} has pictures of more than limits.max_megapixels={limits.max_megapixels:g}, or ones "
            "whose size FFmpeg cannot tell: raise the limit, or save it in another format"
        )
    if width * height > _most(limits):
        raise LimitExceeded(
            f"{path} has {width}x{height} pixels, {width * height / 1e6:.1f} million; "
            f"limits.max_megapixels={limits.max_megapixels:g} are the most that is read"
        )


def check_hours(name: str, seconds: float, limits: LimitsSettings) -> None:
    """Raises LimitExceeded: what is called ``name`` is longer than ``limits.max_hours``."""
    if seconds > limits.max_hours * 3600:
        raise LimitExceeded(
            f"{name} lasts {seconds / 3600:.1f} h; limits.max_hours={limits.max_hours:g} are the most that "
            "is dubbed"
        )


def _still_size(file: Path, most: int) -> tuple[int, int]:
    """Size of a picture, which need hold no text that is UTF-8; 0 where FFmpeg does not know it."""
    try:
        with open_demuxer(file, most_pixels=most) as container:
            context = container.streams.video[0].codec_context if container.streams.video else None
            return (context.width, context.height) if context is not None else (0, 0)
    except (FFmpegError, OSError, ValueError):
        return 0, 0
