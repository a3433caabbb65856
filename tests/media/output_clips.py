"""Small media with known content, written by the code under test or by PyAV itself."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from lipsync_ray.media.concat import open_segment
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.media.table import ColourTags, FrameTable, VideoInfo
from lipsync_ray.media.timeline import Timeline
from lipsync_ray.media.writer import SegmentWriter

LAYOUT = PixelLayout()
TAGS = ColourTags(primaries=1, transfer=1, matrix=1, range=1)


def table_of(
    pts: Sequence[int],
    *,
    time_base: Fraction = Fraction(1, 12800),
    last: int = 512,
    origin: Fraction = Fraction(0),
    rate: Fraction = Fraction(25),
    path: str = "unused.mp4",
    still: bool = False,
    layout: PixelLayout = LAYOUT,
) -> FrameTable:
    ticks = np.array(pts, np.int64)
    video = VideoInfo(
        width=64,
        height=48,
        coded_width=64,
        coded_height=48,
        rotation=0,
        pix_fmt=layout.pix_fmt,
        layout=layout,
        sample_aspect_ratio=Fraction(1),
        codec="h264",
        bit_rate=None,
        time_base=time_base,
        nominal_rate=rate,
        colour=TAGS,
        container="mov,mp4,m4a,3gp,3g2,mj2",
        has_audio=False,
    )
    return FrameTable(
        path=path,
        video=video,
        pts=ticks,
        key_pts=ticks[:1],
        key_dts=ticks[:1],
        origin=origin,
        end_pts=int(ticks[-1]) + last,
        indexed=True,
        still=still,
    )


def timeline_of(
    pts: Sequence[int],
    time_base: Fraction,
    last: int,
    sound: Fraction | None = None,
    rate: Fraction = Fraction(25),
) -> Timeline:
    end = int(pts[-1]) + last
    return Timeline(
        time_base=time_base,
        pts=np.array(pts, np.int64),
        source=np.arange(len(pts), dtype=np.int64),
        end=end,
        audio_start=Fraction(0),
        audio_end=end * time_base if sound is None else sound,
        nominal_rate=rate,
    )


def picture(number: int, width: int = 64, height: int = 48, layout: PixelLayout = LAYOUT) -> list[np.ndarray]:
    """Y, U, V of a moving pattern that uses every bit of the depth."""
    top = (1 << layout.depth) - 1
    columns, rows = np.arange(width)[None], np.arange(height)[:, None]
    luma = (columns * 3 + rows * 5 + number * 7) * (1 if layout.depth == 8 else 5) % (top + 1)
    small = layout.chroma_shape(height, width)
    chroma = [np.full(small, (top // 2 + number * step) % (top + 1)) for step in (3, 11)]
    return [plane.astype(layout.dtype) for plane in (luma, *chroma)]


def write_segments(
    folder: Path,
    timeline: Timeline,
    cuts: Sequence[int],
    settings: EncodeSettings,
    *,
    size: tuple[int, int] = (64, 48),
    layout: PixelLayout = LAYOUT,
    pictures: Sequence[list[np.ndarray]] | None = None,
) -> list[Path]:
    """The timeline's frames as segments that begin at 0 and at each of ``cuts``."""
    edges = [0, *cuts, len(timeline)]
    paths = []
    for start, stop in pairwise(edges):
        path = folder / f"segment_{start}.nut"
        with SegmentWriter(
            path, layout, size, timeline.time_base, timeline.nominal_rate, TAGS, Fraction(1), settings
        ) as writer:
            for number in range(start, stop):
                planes = picture(number, *size, layout) if pictures is None else pictures[number]
                writer.write(planes, int(timeline.pts[number]))
        paths.append(path)
    return paths


def planes_of(frame: av.VideoFrame) -> list[np.ndarray]:
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    size = np.dtype(kind).itemsize
    return [
        np.frombuffer(memoryview(p), kind).reshape(-1, p.line_size // size)[: p.height, : p.width].copy()
        for p in frame.planes
    ]


def decoded(paths: Sequence[Path]) -> list[bytes]:
    """Every picture of the segments, in order, as bytes."""
    found = []
    for path in paths:
        with open_segment(path) as container:
            found += [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    return found


def read_video(path: Path) -> Iterator[tuple[Fraction, bytes]]:
    """Time and picture of every frame that a player would show."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.pts * frame.time_base, frame.to_ndarray().tobytes()


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """``samples`` float [n] or [n, channels], full scale 1, as 16 bit."""
    data = np.rint(np.atleast_2d(samples.T).T * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(data.shape[1] if data.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
    return path


def noise(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """Sound whose every stretch is unlike any other: shifts show in its correlation."""
    rough = np.random.default_rng(seed).standard_normal(int(seconds * rate) // 8 + 1)
    return 0.2 * np.repeat(rough, 8)[: int(seconds * rate)].clip(-3, 3)


def encode_sound(path: Path, codec: str, samples: np.ndarray, rate: int, format: str | None = None) -> Path:
    """Mono sound in any container that PyAV writes."""
    with av.open(str(path), "w", format=format) as container:
        stream = container.add_stream(codec, rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


def lag(found: np.ndarray, expected: np.ndarray) -> int:
    """Samples by which ``found`` is late."""
    size = 2 * max(len(found), len(expected))
    product = np.fft.rfft(found, size) * np.conj(np.fft.rfft(expected, size))
    peak = int(np.argmax(np.fft.irfft(product, size)))
    return peak - size if peak > size // 2 else peak


def load_samples(path: Path) -> np.ndarray:
    """The whole sound of a file as it is analysed: ``float32[n]``, mono, 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        return store_samples(path, Path(folder) / "samples")[0:]
