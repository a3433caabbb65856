"""A stretch of the output as a small video of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

import numpy as np

from lipsync_ray.folders import private_folder
from lipsync_ray.media.audio import AudioInfo
from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.delivery import promised_end
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.mux import mux, verify
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.table import FrameTable
from lipsync_ray.media.tracks import KeepSettings
from lipsync_ray.media.writer import SegmentWriter
from lipsync_ray.threads import Sink

_NOTHING = KeepSettings(audio=False, subtitles=False, chapters=False, metadata=False)
_AHEAD = 4  # frames between drawing and encoding, which run in a thread each where there are CPUs
_LIMITED = 1  # FFmpeg's number of the range of luma on 16 to 235


def stretch_of(timeline: Timeline, start: int, stop: int) -> Timeline:
    """Output frames ``[start, stop)`` as an output of their own, with the sound of that stretch."""
    zero = int(timeline.pts[start])
    end = (int(timeline.pts[stop]) if stop < len(timeline) else timeline.end) - zero
    shift = zero * timeline.time_base
    return replace(
        timeline,
        pts=timeline.pts[start:stop] - zero,
        source=timeline.source[start:stop],
        end=end,
        audio_start=timeline.audio_start - shift,
        audio_end=min(timeline.audio_end - shift, end * timeline.time_base),
    )


def write_clip(
    path: Path,
    pictures: Iterator[np.ndarray],
    timeline: Timeline,
    table: FrameTable,
    sound: AudioInfo,
    threads: int,
) -> None:
    """Write pictures and sound as an MP4 with H.264 of 8 bits, which every player shows.

    Args:
        path: ends in ``.mp4``.
        pictures: RGB ``uint8[h,w,3]`` of even sides, one for each frame of the timeline.
        timeline: see ``stretch_of``.
        table: of the source: its colours.
        sound: what is heard in the output.
        threads: of the encoder.

    Raises:
        MediaError: as ``mux``.
    """
    settings = EncodeSettings(codec="libx264", preset="veryfast", threads=threads)
    with private_folder() as folder:
        segment = folder / "clip.nut"
        _encode(segment, pictures, timeline, table, settings)
        mux(path, [segment], table, timeline, sound, _NOTHING, settings)
    verify(path, timeline, audio_end=promised_end(sound, path, settings, timeline))


def _encode(
    path: Path,
    pictures: Iterator[np.ndarray],
    timeline: Timeline,
    table: FrameTable,
    settings: EncodeSettings,
) -> None:
    colour = table.video.colour
    layout = PixelLayout(matrix=table.video.layout.matrix)
    first = next(pictures)
    writer = SegmentWriter(
        path,
        layout=layout,
        size=(first.shape[1], first.shape[0]),
        time_base=timeline.time_base,
        nominal_rate=timeline.nominal_rate,
        colour=replace(colour, range=_LIMITED, mastering="", light=""),
        sar=Fraction(1),
        settings=settings,
    )

    def write(shown: tuple[np.ndarray, int]) -> None:
        writer.write(planes_from_rgb(shown[0], layout), shown[1])

    with writer, Sink(write, _AHEAD if settings.threads > 1 else 0) as put:
        for shown in zip(chain([first], pictures), timeline.pts.tolist(), strict=True):
            put(shown)
