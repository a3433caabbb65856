"""A picture file as a video of one frame."""

from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.media.table import ColourTags, FrameTable, VideoInfo

_TICKS = 90_000  # of a second; any clock would do for one frame
_RATE = 25


def is_still(path: str | Path) -> bool:
    """Whether a file holds one picture (PNG, JPEG, WebP, BMP, TIFF), by its first bytes and not its name."""
    with Path(path).open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"acTL" not in head  # an animated PNG is a video
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return not (head[12:16] == b"VP8X" and head[20] & 2)  # bit 1: animation
    if head[:3] == b"\xff\xd8\xff":
        return Path(path).suffix.lower() not in (".mjpg", ".mjpeg")  # those are many pictures in a row
    return head[:4] in (b"II*\x00", b"MM\x00*") or (head[:2] == b"BM" and head[6:10] == bytes(4))


def is_whole_png(data: bytes) -> bool:
    """Whether all parts of a PNG are there and undamaged; libpng would write its own lines to stderr."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        if kind == b"IEND":
            return True
        at = end + 4
    return False


def still_table(path: str | Path) -> FrameTable:
    """Frame table of a picture: one frame at time 0, 4:2:0 of limited range, which every player shows.

    Raises:
        VideoUnreadable: the picture is damaged.
    """
    height, width = _load(path).shape[:2]
    large = width >= 1280 or height > 576
    layout = PixelLayout(matrix="bt709" if large else "bt601")
    code = 1 if large else 6
    video = VideoInfo(
        width=width,
        height=height,
        coded_width=width,
        coded_height=height,
        rotation=0,
        pix_fmt="rgb24",
        layout=layout,
        sample_aspect_ratio=Fraction(1),
        codec=Path(path).suffix.lstrip(".").lower() or "picture",
        bit_rate=None,
        time_base=Fraction(1, _TICKS),
        nominal_rate=Fraction(_RATE),
        colour=ColourTags(primaries=code, transfer=code, matrix=code, range=1),
        container="picture",
        has_audio=False,
    )
    zero = np.zeros(1, np.int64)
    return FrameTable(
        path=str(path),
        video=video,
        pts=zero,
        key_pts=zero,
        key_dts=zero,
        origin=Fraction(0),
        end_pts=_TICKS // _RATE,
        still=True,
    )


def write_still(rgb: np.ndarray, path: Path) -> None:
    """Keep a picture ``uint8[H,W,3]`` as a file that ``still_table`` reads."""
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())


def still_frame(table: FrameTable) -> Frame:
    """The picture itself, upright, as frame 0."""
    layout = table.video.layout
    return Frame(index=0, planes=planes_from_rgb(_load(table.path), layout), layout=layout)


def _load(path: str | Path) -> np.ndarray:
    """RGB ``uint8[H,W,3]``, turned as its EXIF says, on white where it is transparent."""
    data = np.fromfile(path, np.uint8)
    whole = len(data) > 0 and (data[:4].tobytes() != b"\x89PNG" or is_whole_png(data.tobytes()))
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if whole else None
        raw = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if picture is not None else None
    except cv2.error as error:
        raise VideoUnreadable(
            f"{path} is a picture that is too large, or whose header is wrong: {error.err or error}"
        ) from error
    if picture is None:
        raise VideoUnreadable(f"{path} is a picture that cannot be decoded: it is damaged or cut short")
    if raw is not None and raw.ndim == 3 and raw.shape[2] == 4 and raw.shape[:2] == picture.shape[:2]:
        top = 65535 if raw.dtype == np.uint16 else 255
        alpha = (raw[..., 3:].astype(np.float32)) / top
        picture = np.rint(picture * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
