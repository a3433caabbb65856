"""Backlogs for the simulation: videos of heavy-tailed length, and what their files are said to hold."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from costs import RATE

from lipsync_ray.config import Config
from lipsync_ray.inputs import Inputs
from lipsync_ray.media.audio import AudioInfo
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.table import ColourTags, FrameTable, VideoInfo
from lipsync_ray.media.timeline import build_timeline

TICKS = 512  # of a frame
GOP = 250  # frames from one keyframe to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video of the backlog."""

    place: str
    frames: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / RATE


def make_videos(
    count: int, *, median: float = 90.0, sigma: float = 1.0, longest: float = 3600.0, seed: int = 0
) -> list[Video]:
    """Videos whose lengths in seconds follow a log-normal law, none below 4 s or above ``longest``."""
    chance = random.Random(seed)
    lengths = [min(longest, max(4.0, median * np.exp(chance.gauss(0.0, sigma)))) for _ in range(count)]
    return [
        Video(place=f"store/{n:05d}.mp4", frames=round(length * RATE)) for n, length in enumerate(lengths)
    ]


def inputs_of(video: Video, config: Config) -> Inputs:
    """What examining the video's files tells: a steady rate, a keyframe every 10 s, sound of equal length."""
    pts = TICKS * np.arange(video.frames, dtype=np.int64)
    table = FrameTable(
        path=video.place,
        video=_info(),
        pts=pts,
        key_pts=pts[::GOP],
        key_dts=pts[::GOP],
        origin=Fraction(0),
        end_pts=TICKS * video.frames,
    )
    sound = AudioInfo(
        path=f"{video.place}.wav",
        duration=table.duration,
        rate=16_000,
        channels=1,
        codec="pcm_s16le",
        sample_format="s16",
        bit_rate=None,
        container="wav",
        start=Fraction(0),
        packet=Fraction(1, 100),
    )
    return Inputs(
        table=table,
        sound=sound,
        drive=sound,
        timeline=build_timeline(table, sound.duration, config.sync),
        source_hash=video.place,
        audio_hash=sound.path,
        drive_hash=sound.path,
    )


def _info() -> VideoInfo:
    return VideoInfo(
        width=1280,
        height=720,
        coded_width=1280,
        coded_height=720,
        rotation=0,
        pix_fmt="yuv420p",
        layout=PixelLayout(),
        sample_aspect_ratio=Fraction(1),
        codec="h264",
        bit_rate=None,
        time_base=Fraction(1, TICKS * RATE),
        nominal_rate=Fraction(RATE),
        colour=ColourTags(),
        container="mov,mp4,m4a,3gp,3g2,mj2",
        has_audio=True,
    )
