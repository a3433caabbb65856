"""Opens files for demuxing: this one file, in a format that holds media itself, never what it points to.

Playlists, manifests and scripts are refused before FFmpeg follows what they name: a file from a stranger must
not make it read other files of this machine, or ask other machines.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
from av.container import InputContainer
from av.error import ArgumentError
from av.stream import Stream

from lipsync_ray.errors import MediaError

# Names of FFmpeg's demuxers. Not here, among others: hls, dash, concat, imf, sdp, rtsp, image2, devices.
_VIDEO = (
    *("mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "m4v", "h261", "h263", "h264", "hevc", "vvc"),
    *("av1", "obu", "ivf", "ogg", "flv", "asf", "rm", "nut", "mxf", "gxf", "dv", "dnxhd", "yuv4mpegpipe"),
    *("mjpeg", "dirac", "cavsvideo", "vc1", "wtv", "r3d", "cine", "swf", "bink", "ivr", "evc", "apv"),
)
_PICTURES = (
    *("gif", "apng", "jpegxl_anim", "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe"),
    *("webp_pipe", "jpegxl_pipe", "j2k_pipe", "jpegls_pipe", "exr_pipe", "dpx_pipe", "hdr_pipe", "gif_pipe"),
    *("pam_pipe", "pbm_pipe", "pgm_pipe", "pgmyuv_pipe", "ppm_pipe", "psd_pipe", "qoi_pipe", "sgi_pipe"),
)
_SOUND = (
    *("wav", "w64", "aiff", "au", "caf", "flac", "mp3", "aac", "ac3", "ac4", "eac3", "dts", "dtshd"),
    *("truehd", "mlp", "amr", "amrnb", "amrwb", "ape", "wv", "tta", "tak", "voc", "gsm", "sox", "mpc"),
    *("mpc8", "shn", "oma", "dsf", "loas", "iamf", "ircam", "nistsphere", "avr", "aa", "aax", "g722"),
    *("g726", "osq"),
)
FORMATS = frozenset({*_VIDEO, *_PICTURES, *_SOUND})
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(FORMATS))}
# Until PyAV 19, which takes what is no UTF-8 as it is, and the word no more.
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}

# By these names FFmpeg would take a file for one of many pictures, above all with a * or { in them.
_PICTURE_NAMES = frozenset(
    {
        *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".jp2", ".j2k", ".jls"),
        *(".jxl", ".exr", ".dpx", ".hdr", ".pam", ".pbm", ".pgm", ".ppm", ".psd", ".qoi", ".sgi"),
    }
)


class FormatRefused(ValueError):
    """The file is in a format that is not read, such as a list of other files."""


def check_path(path: str | Path, refused: type[MediaError]) -> Path:
    """The path of a plain, non-empty file: nothing that waits for a writer, or never ends, is opened.

    Raises:
        refused: it is an address, missing, a folder, a device, a pipe or empty.
    """
    text = str(path)
    if "://" in text:
        raise refused(f"{text} is an address: download it and give the path of the file")
    file = Path(path)
    try:
        if not file.exists():
            raise refused(f"{text} does not exist (looked from {Path.cwd()})")
        if file.is_dir():
            raise refused(f"{text} is a folder: name a file in it")
        if not file.is_file():
            raise refused(f"{text} is not a plain file: copy it to disk first")
        if file.stat().st_size == 0:
            raise refused(f"{text} is empty (0 bytes)")
        with file.open("rb"):
            pass
    except OSError as error:
        raise refused(f"{text} cannot be read: {error.strerror or error}") from error
    return file


def open_demuxer(
    source: str | Path | BinaryIO, *, most_pixels: int | None = None, packets_only: bool = False
) -> InputContainer:
    """Open a plain file, or one that is being read. Titles in it that are no UTF-8 are no fault.

    Args:
        source: a path, of whatever name, or a file that can seek.
        most_pixels: of a picture; larger ones are not decoded, which FFmpeg may do to find out what they are.
            Their stream may have no size then.
        packets_only: of a file whose header tells all that is asked, no picture is decoded, which takes as
            long as a large keyframe does. Its pixel format and colours stay unknown.

    Raises:
        FormatRefused: FFmpeg knows the format, and it is not one of ``FORMATS``.
        FFmpegError, OSError, ValueError: it cannot be opened.
    """
    options = dict(_OPTIONS)
    if most_pixels is not None:
        options["max_pixels"] = str(most_pixels)
    if packets_only:
        options["skip_frame"] = "all"
    try:
        return av.open(_named(source), "r", options=options, **_LENIENT)
    except ArgumentError as error:
        raise FormatRefused(
            "it is a list of other files, or in a format that is not read; name a video or sound file"
        ) from error


def read_packets(container: InputContainer, *streams: Stream) -> Iterator[av.Packet]:
    """Packets of these streams, or of all, in the order in which they are stored; an empty one at each end.

    Raises:
        FFmpegError, OSError: the file is damaged.
    """
    # PyAV 18 fails at the end, behind the last packet, where a stream began in the middle of the file.
    with suppress(IndexError):
        yield from container.demux(*streams)


def read_frames(container: InputContainer, stream: Stream) -> Iterator[Any]:
    """Pictures, or pieces of sound, of a stream. Raises as ``read_packets``."""
    for packet in read_packets(container, stream):
        yield from packet.decode()


class _Unnamed:
    """A file whose name FFmpeg is not told: it would take a.jpg for the first of many pictures.

    PyAV keeps it for as long as it reads, and does not close it.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def __del__(self) -> None:
        self._file.close()


def _named(source: str | Path | BinaryIO) -> str | BinaryIO:
    """What PyAV opens: "file:" keeps names such as "a:b.mp4" from being taken for a protocol."""
    if not isinstance(source, str | Path):
        return source
    if Path(source).suffix.lower() in _PICTURE_NAMES:
        return cast(BinaryIO, _Unnamed(io.FileIO(source)))
    return f"file:{source}"
