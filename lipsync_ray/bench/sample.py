"""A talking clip and a sound, made of what the package holds, for those who have none at hand.

The picture is the portrait of examples/ (NASA, public domain), the sound is its hello.wav. The portrait, held
as by a hand and with a camera's grain, is first dubbed by this program itself: as a clip with a mouth that
moves it costs what clips of people cost, which a still picture does not.
"""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from lipsync_ray.bench.processes import watch
from lipsync_ray.media.audio import mixed

RATE, SIZE = 25, (1280, 720)
_SOUND_RATE = 16_000
_LATE_S = 2.5  # the new words are the old ones, begun so much later
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is dubbed."""

    video: Path
    audio: Path


def write_sound(path: Path, seconds: float, *, late: float = _LATE_S) -> Path:
    """Speech of so many seconds, 16 kHz WAV, over and over from ``late`` seconds on."""
    told = np.concatenate([block[0] for block in mixed(_HERE / "hello.ogg", _SOUND_RATE, 1)])
    length = round(seconds * _SOUND_RATE)
    sound = np.resize(np.roll(told, -round(late * _SOUND_RATE)), length)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SOUND_RATE)
        file.writeframes(np.clip(sound * 32767, -32768, 32767).astype("<i2").tobytes())
    return path


def make_sample(folder: Path, seconds: float, words: Sequence[str] = ()) -> Sample:
    """Write clip and sound into a folder.

    Args:
        folder: where.
        seconds: their length.
        words: options of the dub that makes the clip, such as where weights are.

    Raises:
        BenchFailed: that dub failed; its error is in the message.
    """
    plain, video = folder / "portrait.mp4", folder / "talk.mp4"
    _encode(plain, _drifting(round(seconds * RATE)))
    first = write_sound(folder / "first.wav", seconds, late=0.0)
    places = (f"video={plain}", f"audio={first}", f"out={video}", f"cache.dir={folder / 'making'}")
    own = ("ray.cluster=none", "quality.enabled=false", "encode.crf=16", "encode.preset=fast")
    watch((sys.executable, "-m", "lipsync_ray", "run", *places, *words, *own))
    return Sample(video=video, audio=write_sound(folder / "new.wav", seconds))


def _drifting(count: int) -> Iterator[np.ndarray]:
    """Pictures ``uint8[720,1280,3]`` BGR: the portrait before its own blurred sides, never quite still."""
    portrait = cv2.imread(str(_HERE / "portrait.jpg"))
    if portrait is None:
        raise AssertionError("the portrait is part of the package")
    width, height = SIZE
    canvas = cv2.GaussianBlur(cv2.resize(portrait, SIZE), (0, 0), 25)
    left = (width - height) // 2
    canvas[:, left : left + height] = cv2.resize(portrait, (height, height), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 1.0, (height, width, 1)).astype(np.float32)
    for number in range(count):
        turn = 2 * np.pi * number / RATE
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0.5 * np.sin(turn / 3), 1.02)
        matrix[:, 2] += 5 * np.sin(turn / 2.3), 3 * np.sin(turn / 1.7)
        picture = cv2.warpAffine(canvas, matrix, SIZE, flags=cv2.INTER_CUBIC).astype(np.float32)
        shift = (int(rng.integers(height)), int(rng.integers(width)))
        yield np.clip(picture + np.roll(grain, shift, (0, 1)), 0, 255).astype(np.uint8)


def _encode(path: Path, pictures: Iterator[np.ndarray]) -> None:
    with av.open(str(path), "w") as written:
        stream = written.add_stream("libx264", rate=RATE, options={"crf": "16", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))
