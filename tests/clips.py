"""Small videos of every awkward kind, each frame carrying its own number in its pixels.

``make_clip(kind, path)`` writes one; :func:`number_in` reads the number back from luma, through any codec.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Interpolation

BITS = 10
RATE = 25
TICKS = 12_800
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A written clip; frame ``i`` of it shows the number ``numbers[i]`` at ``times[i]`` seconds."""

    path: Path
    numbers: tuple[int, ...]
    times: tuple[float, ...]  # presentation, from the container's zero
    width: int  # upright
    height: int
    luma: bool = True  # False: the numbers cannot be read from luma alone

    @property
    def frames(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    suffix: str
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (192, 108)
    frames: int = 100
    options: str = "bf=3:g=25"
    format: str | None = None
    drop_every: int = 0  # VFR: every n-th frame is left out
    degrees: int = 0  # counter-clockwise, in the display matrix
    mirrored: bool = False
    cut: int = 0  # frames hidden by an edit list
    full_range: bool = False
    audio: bool = False


_X264_OPEN = "g=25:keyint_min=25:sc_threshold=0:bf=3:x264-params=open-gop=1"

KINDS: dict[str, Kind] = {
    "cfr": Kind(suffix="mp4"),
    "open_gop": Kind(suffix="mp4", options=_X264_OPEN, frames=130),
    "hevc": Kind(suffix="mp4", codec="libx265", options="x265-params=keyint=25:bframes=3:log-level=none"),
    "hevc_10bit": Kind(
        suffix="mp4",
        codec="libx265",
        pix_fmt="yuv420p10le",
        options="x265-params=keyint=25:open-gop=1:log-level=none",
    ),
    "h264_10bit": Kind(suffix="mp4", pix_fmt="yuv420p10le", frames=60),
    "vfr": Kind(suffix="mp4", drop_every=3),
    "ts": Kind(suffix="ts", format="mpegts", frames=110, options="g=250:bf=3"),
    "ts_keys": Kind(suffix="ts", format="mpegts", frames=300, options="g=20:bf=3"),
    "ts_open": Kind(suffix="ts", format="mpegts", frames=160, options=_X264_OPEN),
    "ps": Kind(suffix="mpg", format="mpeg", codec="mpeg2video", frames=125, options="g=15:bf=2"),
    "mkv": Kind(suffix="mkv", frames=110),
    "vp9": Kind(suffix="webm", codec="libvpx-vp9", frames=80, options="g=30:deadline=realtime:cpu-used=8"),
    "edit_list": Kind(suffix="mp4", frames=110, options="g=50:bf=3", cut=29),
    "rotated": Kind(suffix="mp4", frames=40, degrees=-90),
    "upside_down": Kind(suffix="mp4", frames=40, degrees=180),
    "mirrored": Kind(suffix="mp4", frames=40, degrees=90, mirrored=True),
    "odd": Kind(suffix="mp4", frames=40, size=(191, 107), pix_fmt="yuv444p"),
    "odd_vp9": Kind(
        suffix="webm",
        codec="libvpx-vp9",
        size=(191, 107),
        frames=40,
        options="g=30:deadline=realtime:cpu-used=8",
    ),
    "single_gop": Kind(suffix="mp4", frames=150, options="g=1000:bf=3"),
    "yuv422": Kind(suffix="mp4", frames=40, pix_fmt="yuv422p"),
    "yuv422_rotated": Kind(suffix="mp4", frames=40, pix_fmt="yuv422p", degrees=90),
    "yuv444": Kind(suffix="mp4", frames=40, pix_fmt="yuv444p"),
    "full_range": Kind(suffix="mp4", frames=40, full_range=True),
    "grey": Kind(suffix="mkv", frames=20, codec="ffv1", pix_fmt="gray", options=""),
    "rgb": Kind(suffix="mkv", frames=20, codec="ffv1", pix_fmt="bgr0", options=""),
    "rgb_planar": Kind(
        suffix="mkv", frames=20, codec="libx265", pix_fmt="gbrp", options="x265-params=log-level=none"
    ),
    "yuv420_12bit": Kind(suffix="mkv", frames=20, codec="ffv1", pix_fmt="yuv420p12le", options=""),
    "yuva": Kind(suffix="mkv", frames=20, codec="ffv1", pix_fmt="yuva420p", options=""),
    "yuv411": Kind(suffix="mkv", frames=20, codec="ffv1", pix_fmt="yuv411p", options=""),
    "mjpeg": Kind(suffix="mov", frames=30, codec="mjpeg", pix_fmt="yuvj420p", options="q=3"),
    "avi": Kind(suffix="avi", frames=60),
    "h264": Kind(suffix="h264", format="h264", frames=60),
    "with_audio": Kind(suffix="mp4", frames=75, audio=True),
}


def make_clip(kind: str, path: Path) -> Clip:
    """Write the clip of a kind; the suffix of ``path`` is replaced by the kind's own."""
    spec = KINDS[kind]
    path = path.with_suffix(f".{spec.suffix}")
    shown = [i for i in range(spec.frames) if not spec.drop_every or i % spec.drop_every != 2]
    if spec.cut:
        whole = path.with_name("whole_" + path.name)
        _write(spec, whole, shown)
        _cut(whole, path, Fraction(spec.cut, RATE))
        shown = [i - spec.cut for i in shown[spec.cut :]]
        numbers = [i + spec.cut for i in shown]
    else:
        _write(spec, path, shown)
        numbers = shown
    width, height = spec.size if spec.degrees % 180 == 0 else spec.size[::-1]
    return Clip(
        path=path,
        numbers=tuple(numbers),
        times=tuple(i / RATE for i in shown),
        width=width,
        height=height,
    )


def picture(number: int, width: int, height: int) -> np.ndarray:
    """RGB ``uint8[H,W,3]``: drifting colours, and the number as a Gray-free binary bar code of two rows."""
    x, y = np.arange(width) / width, np.arange(height)[:, None] / height
    drift = number / 40
    rgb = np.stack(
        [
            110 + 50 * np.sin(4 * x + 3 * y + drift),
            110 + 50 * np.cos(3 * x - 5 * y + 2 * drift),
            120 + 40 * np.sin(5 * y + x * 2 - drift) + 0 * x,
        ],
        axis=-1,
    )
    for bit, (rows, columns) in enumerate(_cells(width, height)):
        rgb[rows, columns] = 200 if number >> bit & 1 else 50
    return np.rint(rgb).astype(np.uint8)


def number_in(luma: np.ndarray) -> int:
    """The number in an upright luma plane of any depth."""
    height, width = luma.shape
    means = [float(luma[_inner(rows), _inner(columns)].mean()) for rows, columns in _cells(width, height)]
    threshold = (float(luma.max()) + float(luma.min())) / 2
    return sum(1 << bit for bit, mean in enumerate(means) if mean > threshold)


def _cells(width: int, height: int) -> list[tuple[slice, slice]]:
    """Cells of the code, a third of the picture in its middle."""
    edges_x = np.linspace(width * 0.1, width * 0.9, BITS // 2 + 1).astype(int)
    edges_y = np.linspace(height * 0.3, height * 0.7, 3).astype(int)
    return [
        (slice(edges_y[row], edges_y[row + 1]), slice(edges_x[column], edges_x[column + 1]))
        for row in range(2)
        for column in range(BITS // 2)
    ]


def _inner(cell: slice) -> slice:
    quarter = (cell.stop - cell.start) // 4
    return slice(cell.start + quarter, cell.stop - quarter)


def _coded_picture(spec: Kind, number: int) -> np.ndarray:
    """The picture as the camera's sensor holds it: the display matrix will make it upright."""
    width, height = spec.size
    if spec.degrees % 180:
        width, height = height, width
    upright = picture(number, width, height)
    if spec.mirrored:
        upright = upright[:, ::-1]
    return np.ascontiguousarray(np.rot90(upright, -spec.degrees // 90))


def _write(spec: Kind, path: Path, shown: list[int]) -> None:
    options = dict(pair.split("=", 1) for pair in spec.options.split(":") if pair) if spec.options else {}
    if "params" in spec.options:  # these hold colons of their own
        head, name, params = spec.options.rpartition("params=")
        lead, _, prefix = head.rpartition(":")
        options = dict(pair.split("=", 1) for pair in lead.split(":") if pair)
        options[prefix + name.rstrip("=")] = params
    if spec.codec == "libx264":
        options |= {"preset": "ultrafast" if "bf=0" in spec.options else "veryfast", "crf": "10"}
    with av.open(str(path), "w", format=spec.format) as out:
        stream = out.add_stream(spec.codec, rate=RATE, options=options)
        assert isinstance(stream, av.video.stream.VideoStream)
        stream.width, stream.height = spec.size
        stream.pix_fmt = spec.pix_fmt
        stream.codec_context.thread_count = 2
        base = Fraction(1, TICKS) if spec.suffix == "mp4" else Fraction(1, RATE)
        stream.codec_context.time_base = base
        if spec.full_range:
            stream.codec_context.color_range = int(ColorRange.JPEG)
        if spec.degrees or spec.mirrored:
            stream.set_display_rotation(spec.degrees, hflip=spec.mirrored)
        sound = out.add_stream("aac", rate=48_000) if spec.audio else None
        for number in shown:
            frame = _frame(spec, _coded_picture(spec, number))
            frame.pts, frame.time_base = round(Fraction(number, RATE) / base), base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            _add_tone(out, sound, len(shown) / RATE)


def _frame(spec: Kind, rgb: np.ndarray) -> av.VideoFrame:
    """The picture in the kind's pixel format, BT.601."""
    if spec.pix_fmt == "gray":  # scalers disagree about the range of grey
        luma = np.rint(16 + 219 / 255 * (rgb @ [0.299, 0.587, 0.114])).astype(np.uint8)
        grey = av.VideoFrame.from_ndarray(luma, format="gray")
        grey.color_range = ColorRange.MPEG
        return grey
    range_ = ColorRange.JPEG if spec.full_range or "yuvj" in spec.pix_fmt else ColorRange.MPEG
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    return frame.reformat(
        format=spec.pix_fmt, dst_colorspace=5, dst_color_range=range_, interpolation=_EXACT, threads=1
    )


def _add_tone(out: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    samples = np.sin(np.arange(int(48_000 * seconds)) * 2 * np.pi * 440 / 48_000).astype(np.float32) / 4
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _cut(source: Path, target: Path, start: Fraction) -> None:
    """Copy packets with their times moved back: what lies before zero is hidden by an edit list."""
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", options={"avoid_negative_ts": "disabled"}) as out,
    ):
        video = given.streams.video[0]
        stream = out.add_stream_from_template(video)
        for packet in given.demux(video):
            if packet.size:
                back = round(start / packet.time_base)
                packet.pts, packet.dts = packet.pts - back, packet.dts - back
                packet.stream = stream
                out.mux(packet)


def write_still(path: Path, width: int = 200, height: int = 120, number: int = 0) -> np.ndarray:
    """Write a picture in the format of the suffix; returns its RGB."""
    rgb = picture(number, width, height)
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    return rgb
