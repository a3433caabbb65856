"""Pictures of unusual sizes, shapes, depths, colours and codecs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import FRAMES, Kind, Stock, fitted, moving, portrait
from tests.corpus.timing import stored

UNREADABLE = "VIDEO_UNREADABLE"
_HDR = "log-level=none:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
_FFV1 = Kind(suffix="mkv", codec="ffv1")
_X265 = Kind(suffix="mp4", codec="libx265", options={"x265-params": "log-level=none"})


_FEW = 6  # frames tell of a format or a codec as much as more do


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _sizes()
    yield from _shapes()
    yield from _formats()
    yield from _colours()
    yield from _codecs()
    yield from _animations()
    yield from _stills()


def _sizes() -> Iterator[Case]:
    tiny = Refused(code="FACE_NONE", says="no face in")
    rows: list[tuple[str, Kind, Dubbed | Refused]] = [
        ("1x1", replace(_FFV1, size=(1, 1), pix_fmt="yuv444p"), tiny),
        ("2x2", Kind(size=(2, 2)), tiny),
        ("16x16", Kind(size=(16, 16)), tiny),
        ("321x239", replace(_FFV1, size=(321, 239)), Dubbed(size=(322, 240))),
        ("321x239 4:4:4", Kind(size=(321, 239), pix_fmt="yuv444p"), Dubbed(size=(321, 239))),
        ("16384x16", replace(_FFV1, size=(16384, 16)), tiny),
        ("16x16384", replace(_FFV1, size=(16, 16384)), tiny),
        ("16384x256", Kind(suffix="mkv", codec="mjpeg", pix_fmt="yuvj420p", size=(16384, 256)), tiny),
    ]
    for name, kind, ends in rows:
        count = 2 if max(kind.size) > 1000 else FRAMES
        yield Case(name=name, what=f"a video of {name}", make=stored(kind, count=count), ends=ends)


def _shapes() -> Iterator[Case]:
    for degrees in (90, 180, 270):
        what = f"stored lying, to be turned by {degrees} degrees"
        yield Case(name=f"turned {degrees}", what=what, make=stored(Kind(degrees=degrees)), ends=Dubbed())
    rows = {
        "mirrored": ("to be shown mirrored", Kind(mirrored=True)),
        "turned and mirrored": ("to be turned and mirrored", Kind(degrees=90, mirrored=True)),
        "anamorphic": ("samples twice as wide as high", Kind(size=(240, 320), aspect=Fraction(2))),
        "odd samples": ("samples of 4095:4093", Kind(aspect=Fraction(4095, 4093))),
        "interlaced": (
            "interlaced MPEG-2",
            Kind(
                suffix="mpg",
                codec="mpeg2video",
                interlaced=True,
                options={"flags": "+ildct+ilme"},
                bits=9_000_000,
            ),
        ),
    }
    for name, (what, kind) in rows.items():
        says = "is interlaced" if kind.interlaced else ""
        ends = Dubbed(size=kind.size, says=says)
        yield Case(name=name, what=what, make=stored(kind), ends=ends)


def _formats() -> Iterator[Case]:
    lossless = {
        "gray": "grey",
        "gray10le": "grey, 10 bits",
        "yuv411p": "4:1:1",
        "yuv410p": "4:1:0",
        "yuv440p": "4:4:0",
        "yuv420p12le": "4:2:0, 12 bits",
        "yuv422p12le": "4:2:2, 12 bits",
        "yuv444p16le": "4:4:4, 16 bits",
        "yuva420p": "4:2:0 with alpha",
        "yuva444p10le": "4:4:4 of 10 bits with alpha",
        "bgr0": "RGB",
        "bgra": "RGB with alpha",
        "gbrp10le": "RGB of 10 bits",
        "rgb48le": "RGB of 16 bits",
        "ya8": "grey with alpha",
    }
    for pix_fmt, what in lossless.items():
        make = stored(replace(_FFV1, pix_fmt=pix_fmt), count=_FEW)
        yield Case(name=pix_fmt, what=f"pixels: {what} ({pix_fmt})", make=make, ends=Dubbed(frames=_FEW))
    raw = {"nv12": "NV12", "yuyv422": "YUYV", "uyvy422": "UYVY"}
    for pix_fmt, what in raw.items():
        make = stored(Kind(suffix="nut", codec="rawvideo", pix_fmt=pix_fmt), count=_FEW)
        yield Case(name=pix_fmt, what=f"pixels: {what}, not compressed", make=make, ends=Dubbed(frames=_FEW))
    others = {
        "yuv422p": Kind(pix_fmt="yuv422p"),
        "yuv444p": Kind(pix_fmt="yuv444p"),
        "yuv420p10le": Kind(pix_fmt="yuv420p10le"),
        "yuv422p10le": Kind(pix_fmt="yuv422p10le"),
        "yuv444p10le": replace(_X265, pix_fmt="yuv444p10le"),
        "hevc 12 bits": replace(_X265, pix_fmt="yuv420p12le"),
        "gbrp": replace(_X265, pix_fmt="gbrp"),
        "pal8": Kind(suffix="mov", codec="qtrle", pix_fmt="rgb24"),
        "monob": Kind(suffix="nut", codec="rawvideo", pix_fmt="monob"),
        "rgba png": Kind(suffix="mov", codec="png", pix_fmt="rgba"),
    }
    for name, kind in others.items():
        what = f"pixels: {kind.pix_fmt} of {kind.codec}"
        ends = Refused(code="FACE_NONE", says="no face in") if name == "monob" else Dubbed(frames=_FEW)
        yield Case(name=name, what=what, make=stored(kind, count=_FEW), ends=ends)


def _colours() -> Iterator[Case]:
    hdr = replace(_X265, pix_fmt="yuv420p10le", options={"x265-params": _HDR}, tags=(9, 16, 9, 1))
    unknown = Refused(code=UNREADABLE, says="uses colour matrix 8, which is not supported")
    rows: dict[str, tuple[str, Kind, Dubbed | Refused]] = {
        "hdr10": ("HDR10", hdr, Dubbed()),
        "hlg": ("HLG", replace(hdr, tags=(9, 18, 9, 1)), Dubbed()),
        "full range": ("full range", Kind(tags=(1, 1, 1, 2)), Dubbed()),
        "bt601 pal": ("BT.601 as in PAL", Kind(tags=(5, 6, 5, 1)), Dubbed()),
        "smpte 240": ("SMPTE 240M", Kind(tags=(7, 7, 7, 1)), Dubbed()),
        "ycgco": ("YCgCo, a matrix that is not known", Kind(tags=(1, 1, 8, 1)), unknown),
        "senseless tags": ("tags that contradict each other", Kind(tags=(9, 18, 6, 2)), Dubbed()),
    }
    for name, (what, kind, ends) in rows.items():
        yield Case(name=name, what=f"colours: {what}", make=stored(kind), ends=ends)


def _codecs() -> Iterator[Case]:
    kinds = {
        "mpeg1": Kind(suffix="mpg", codec="mpeg1video", bits=9_000_000),
        "vp8": Kind(suffix="webm", codec="libvpx", options={"cpu-used": "8"}),
        "vp9 alpha": Kind(suffix="webm", codec="libvpx-vp9", pix_fmt="yuva420p", options={"cpu-used": "8"}),
        "av1": Kind(suffix="mkv", codec="libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"}),
        "prores": Kind(suffix="mov", codec="prores_ks", pix_fmt="yuv422p10le"),
        "prores 4444": Kind(
            suffix="mov", codec="prores_ks", pix_fmt="yuva444p10le", options={"profile": "4"}
        ),
        "wmv": Kind(suffix="wmv", codec="wmv2", bits=9_000_000),
        "flv": Kind(suffix="flv", codec="flv", bits=9_000_000),
        "3gp": Kind(suffix="3gp", codec="h263", size=(352, 288), bits=9_000_000),
        "huffyuv": Kind(suffix="avi", codec="huffyuv", pix_fmt="yuv422p"),
        "jpeg 2000": Kind(suffix="mov", codec="jpeg2000"),
        "v210": Kind(suffix="mov", codec="v210", pix_fmt="yuv422p10le"),
        "bottom up": Kind(suffix="avi", codec="rawvideo", pix_fmt="bgr24"),
    }
    for name, kind in kinds.items():
        what = f"coded as {kind.codec}, in {kind.suffix}"
        yield Case(
            name=name, what=what, make=stored(kind, count=_FEW), ends=Dubbed(frames=_FEW, size=kind.size)
        )


def _animations() -> Iterator[Case]:
    gif = Kind(suffix="gif", codec="gif", pix_fmt="rgb8")
    rows = {
        "gif": ("animated GIF with a palette", gif, FRAMES),
        "gif 1": ("GIF of one picture", gif, 1),
        "apng": ("animated PNG", Kind(suffix="apng", codec="apng", pix_fmt="rgb24"), FRAMES),
        "webp animated": ("animated WebP", Kind(suffix="webp", codec="libwebp_anim", format="webp"), FRAMES),
    }
    for name, (what, kind, count) in rows.items():
        unread = Refused(code=UNREADABLE, says="an animated WebP is not read: convert it")
        ends = unread if name == "webp animated" else Dubbed()
        yield Case(name=name, what=what, make=stored(kind, count=count), ends=ends)


def _still(name: str, write: Callable[[Path, np.ndarray], object]) -> Callable[[Path, Stock], Given]:
    def make(folder: Path, stock: Stock) -> Given:
        write(folder / name, fitted(portrait(), 320, 240)[..., ::-1])
        return Given(video=folder / name)

    return make


def _stills() -> Iterator[Case]:
    def plain(path: Path, bgr: np.ndarray) -> None:
        assert cv2.imwrite(str(path), bgr)

    def alpha(path: Path, bgr: np.ndarray) -> None:
        opaque = np.full(bgr.shape[:2], 255, np.uint8)
        opaque[:, :40] = 0
        plain(path, np.dstack([bgr, opaque]))

    def deep(path: Path, bgr: np.ndarray) -> None:
        plain(path, bgr.astype(np.uint16) * 257)

    def grey(path: Path, bgr: np.ndarray) -> None:
        plain(path, cv2.cvtColor(np.ascontiguousarray(bgr), cv2.COLOR_BGR2GRAY))

    def turned(path: Path, bgr: np.ndarray) -> None:
        """Lying, with an EXIF tag that says: turn it by a quarter."""
        lying = np.ascontiguousarray(np.rot90(bgr))
        data = cv2.imencode(".jpg", lying)[1].tobytes()
        tags = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
        exif = b"Exif\0\0" + tags
        path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])

    rows = {
        "png": ("PNG", "v.png", plain),
        "png alpha": ("PNG with transparent parts: shown on white", "v.png", alpha),
        "png 16 bits": ("PNG of 16 bits", "v.png", deep),
        "png grey": ("grey PNG", "v.png", grey),
        "jpeg": ("JPEG", "v.jpg", plain),
        "jpeg grey": ("grey JPEG", "v.jpg", grey),
        "jpeg turned": ("JPEG to be turned as its EXIF says", "v.jpg", turned),
        "webp": ("WebP", "v.webp", plain),
        "bmp": ("BMP", "v.bmp", plain),
        "tiff": ("TIFF", "v.tiff", plain),
        "tiff 16 bits": ("TIFF of 16 bits", "v.tiff", deep),
        "jpeg 2000 picture": ("JPEG 2000", "v.jp2", plain),
        "ppm": ("PPM", "v.ppm", plain),
        "hdr picture": ("Radiance HDR", "v.hdr", lambda path, bgr: plain(path, bgr.astype(np.float32) / 255)),
    }
    for name, (what, file, write) in rows.items():
        yield Case(name=name, what=f"a picture: {what}", make=_still(file, write), ends=Dubbed())

    def numbered(folder: Path, stock: Stock) -> Given:
        for number, picture in moving(Kind(), 4):
            plain(folder / f"frame{number:03d}.png", picture[..., ::-1])
        return Given(video=folder / "frame%03d.png")

    pattern = Refused(code=UNREADABLE, says="does not exist", note="make a video of them first")
    yield Case(
        name="numbered pictures",
        what="numbered pictures, given as `frame%03d.png`",
        make=numbered,
        ends=pattern,
    )

    def in_folder(folder: Path, stock: Stock) -> Given:
        numbered(folder, stock)
        return Given(video=folder)

    is_folder = Refused(code=UNREADABLE, says="is a folder: name a file in it")
    yield Case(name="folder of pictures", what="a folder of pictures", make=in_folder, ends=is_folder)

    def first(folder: Path, stock: Stock) -> Given:
        numbered(folder, stock)
        return Given(video=folder / "frame000.png")

    yield Case(
        name="first of numbered",
        what="the first of numbered pictures: that one only",
        make=first,
        ends=Dubbed(),
    )
