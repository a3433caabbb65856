"""Clips for benchmarks: a real talking clip, brought to a size and looped to a length."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 25


def looped_video(source: Path, out: Path, *, width: int, height: int, seconds: float) -> Path:
    """Encode one pass of ``source``, scaled to fit and padded, then repeat its packets to ``seconds``."""
    once = out.with_suffix(".once.mp4")
    encode(once, (_fitted(frame, width, height) for frame in frames_of(source)), width=width, height=height)
    repeated(once, out, seconds=seconds)
    once.unlink()
    return out


def repeated(once: Path, out: Path, *, seconds: float) -> None:
    """Repeat the packets of a video of 25 frames/s, the whole of it each time, to about ``seconds``."""
    with av.open(str(once)) as read, av.open(str(out), "w") as written:
        template = read.streams.video[0]
        stream = written.add_stream_from_template(template)
        packets = [
            ((p.pts or 0, p.dts or 0), bytes(p), p.is_keyframe) for p in read.demux(template) if p.size
        ]
        base = template.time_base or Fraction(1, RATE)
        period = round(len(packets) / RATE / base)
        for turn in range(max(1, round(seconds * RATE / len(packets)))):
            for times, data, key in packets:
                packet = av.Packet(data)
                packet.time_base, packet.stream, packet.is_keyframe = base, stream, key
                packet.pts, packet.dts = (ticks + turn * period for ticks in times)
                packet.duration = round(1 / RATE / base)
                written.mux(packet)


def looped_sound(source: Path, out: Path, *, seconds: float, late: float = 0.0) -> Path:
    """Repeat a sound to ``seconds`` as a mono 16 kHz WAV, beginning ``late`` seconds into it."""
    with av.open(str(source)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16000)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    once = np.roll(np.concatenate([frame.to_ndarray()[0] for frame in frames]), -round(late * 16000))
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        left = round(seconds * 16000)
        while left > 0:
            file.writeframes(once[:left].tobytes())
            left -= len(once)
    return out


def encode(out: Path, frames: Iterable[av.VideoFrame], *, width: int, height: int) -> None:
    """Write frames of ``yuv420p`` at 25 a second, so finely that an encoder has as much to do as before."""
    with av.open(str(out), "w") as written:
        stream = written.add_stream("libx264", rate=RATE, options={"crf": "16", "preset": "fast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))


def frames_of(source: Path) -> Iterator[av.VideoFrame]:
    """The frames of a video, in order; nothing is held."""
    with av.open(str(source)) as read:
        yield from read.decode(video=0)


def _fitted(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    scale = min(width / frame.width, height / frame.height)
    inner = (int(frame.width * scale) // 2 * 2, int(frame.height * scale) // 2 * 2)
    return _padded(frame.reformat(*inner, format="yuv420p"), width, height)


def _padded(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    planes = frame.to_ndarray()
    rows, columns = frame.height, frame.width
    canvas = np.full((height * 3 // 2, width), 128, np.uint8)
    canvas[:height] = 40
    top, left = (height - rows) // 4 * 2, (width - columns) // 4 * 2
    canvas[top : top + rows, left : left + columns] = planes[:rows]
    chroma = canvas[height:].reshape(2, height // 2, width // 2)
    given = planes[rows:].reshape(2, rows // 2, columns // 2)
    chroma[:, top // 2 : (top + rows) // 2, left // 2 : (left + columns) // 2] = given
    return av.VideoFrame.from_ndarray(canvas, format="yuv420p")
