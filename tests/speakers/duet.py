"""Two real people side by side in one video, made from two clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from lipsync_ray.media.audio import mixed
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader

RATE, SOUND_RATE = 25, 48000


def make_duet(path: Path, clips: tuple[Path, Path], seconds: float, side: int, turn: float) -> Path:
    """The clips side by side, each ``side`` px wide and high, at 25 frames a second.

    The left person's own sound is heard until ``turn`` s, then the right one's.
    """
    shown = [_pictures(clip, int(seconds * RATE), side) for clip in clips]
    heard = [_sound(clip, int(seconds * SOUND_RATE)) for clip in clips]
    turned = int(turn * SOUND_RATE)
    sound = np.concatenate([heard[0][:turned], heard[1][turned:]])
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", RATE, options={"crf": "16", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 2 * side, side, "yuv420p"
        audio = out.add_stream("aac", SOUND_RATE, layout="mono")
        for number, (left, right) in enumerate(zip(*shown, strict=True)):
            frame = av.VideoFrame.from_ndarray(np.hstack([left, right]), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        for start in range(0, len(sound) - 1023, 1024):
            block = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], "fltp", "mono")
            block.rate, block.pts, block.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
            out.mux(audio.encode(block))
        out.mux(audio.encode())
    return path


def _pictures(clip: Path, count: int, side: int) -> list[np.ndarray]:
    table = build_table(str(clip))
    shown = np.searchsorted(table.times(), np.arange(count) / RATE + 1e-6, side="right") - 1
    wanted = np.maximum(shown, 0)
    size = (side, side)
    with open_reader(table) as reader:
        return [
            cv2.resize(rgb_of(frame), size, interpolation=cv2.INTER_AREA) for frame in reader.frames(wanted)
        ]


def _sound(clip: Path, count: int) -> np.ndarray:
    samples = np.concatenate(list(mixed(clip, SOUND_RATE, 1)), axis=1)[0][:count]
    return np.pad(samples, (0, count - len(samples))).astype(np.float32)
