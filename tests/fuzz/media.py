"""Bytes as a video, a sound, a picture, and as a file that is still arriving."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import cv2
import numpy as np

from lipsync_ray.limits import LimitsSettings
from lipsync_ray.media.audio import blocks, probe_audio
from lipsync_ray.media.copied import copy_segment
from lipsync_ray.media.glance import glance_at_sound, glance_at_video
from lipsync_ray.media.gops import NotCopied, find_gops
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from tests.fuzz.target import Target

_SMALL = LimitsSettings(max_megapixels=2.0)  # so that a run under a ceiling of memory finds what breaks it
_FORMATS = (
    *(("mp4", "libx264"), ("matroska", "libx264"), ("avi", "mpeg4"), ("mpegts", "mpeg2video")),
    *(("webm", "libvpx"), ("flv", "flv1"), ("gif", "gif"), ("apng", "apng"), ("mpeg", "mpeg1video")),
)


def read_video(data: bytes, folder: Path) -> object:
    """The index of a video, its first and last frames, and its first group of pictures as a copy."""
    path = folder / "case.mp4"
    path.write_bytes(data)
    table = build_table(path, _SMALL)
    with open_reader(table) as reader:
        wanted = sorted({0, len(table) // 2, len(table) - 1})
        return [frame.index for frame in reader.frames(wanted)], _copied(table, folder)


def _copied(table: FrameTable, folder: Path) -> str:
    """What becomes of the first group of pictures that can be copied."""
    try:
        gops = find_gops(table)
    except NotCopied as error:
        return str(error)
    start, stop = int(gops.start[0]), int(gops.stop[0])
    copy_segment(folder / "copy.nut", table, start, table.pts[start:stop], table.video.time_base)
    return f"{stop - start} frames"


def read_sound(data: bytes, folder: Path) -> object:
    """What a sound file holds, and some of its samples."""
    path = folder / "case.wav"
    path.write_bytes(data)
    found = probe_audio(path)
    return found, sum(block.shape[1] for block in blocks(path, rate=16_000, layout="mono"))


def look(data: bytes, folder: Path) -> object:
    """A look at a file that is being read, as uploads are."""
    del folder
    video = data[:1] < b"\x80"
    return (
        glance_at_video(io.BytesIO(data[1:]), "case", 2_000_000)
        if video
        else glance_at_sound(io.BytesIO(data[1:]), "case")
    )


def video_seeds(folder: Path) -> list[bytes]:
    """Four frames of 32x32 in each container, and pictures."""
    made = [_clip(folder, format, codec) for format, codec in _FORMATS]
    noise = np.random.default_rng(1).integers(0, 256, (16, 24, 3), np.uint8)
    return made + [cv2.imencode(e, noise)[1].tobytes() for e in (".png", ".jpg", ".bmp", ".tiff", ".webp")]


def sound_seeds(folder: Path) -> list[bytes]:
    """A fifth of a second of each kind."""
    plain = io.BytesIO()
    with wave.open(plain, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(256)) * 20)
    kinds = (("mp3", "mp3"), ("ogg", "libopus"), ("flac", "flac"), ("adts", "aac"), ("aiff", "pcm_s16be"))
    return [plain.getvalue(), *(_tone(folder, *kind) for kind in kinds)]


def look_seeds(folder: Path) -> list[bytes]:
    """Both kinds, with the byte that tells which in front."""
    videos = (b"\x00" + data for data in video_seeds(folder))
    return [*videos, *(b"\xff" + data for data in sound_seeds(folder))]


def _clip(folder: Path, format: str, codec: str) -> bytes:
    path = folder / f"seed.{format}"
    layout = {"gif": "rgb8", "apng": "rgb24"}.get(codec, "yuv420p")
    with av.open(str(path), "w", format=format) as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, layout  # type: ignore[attr-defined]
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * number, np.uint8), format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame.reformat(format=layout)))  # type: ignore[attr-defined]
        out.mux(stream.encode(None))  # type: ignore[attr-defined]
    return path.read_bytes()


def _tone(folder: Path, format: str, codec: str) -> bytes:
    path = folder / f"seed.{format}"
    with av.open(str(path), "w", format=format) as out:
        stream = out.add_stream(codec, rate=48_000, layout="stereo")
        samples = np.zeros((1, 2 * 8820), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate = 48_000
        out.mux(stream.encode(frame))  # type: ignore[attr-defined]
        out.mux(stream.encode(None))  # type: ignore[attr-defined]
    return path.read_bytes()


TARGETS = (
    Target(name="video", feed=read_video, seeds=video_seeds, tokens=(b"moov", b"mdat", b"dref", b"stsd")),
    Target(name="sound", feed=read_sound, seeds=sound_seeds, tokens=(b"RIFF", b"fmt ", b"data", b"OggS")),
    Target(name="look", feed=look, seeds=look_seeds, tokens=(b"ftyp", b"RIFF", b"\x1a\x45\xdf\xa3")),
)
