"""A talking clip in two halves, each a file of its own that begins at time 0 with its own sound.

Frames keep their times to the tick, also at a variable rate; the picture is encoded once more at a quality
that loses next to nothing, the sound is cut to the sample and not compressed.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from lipsync_ray.media.audio import mixed, probe_audio
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.mux import KeepSettings, mux
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.writer import SegmentWriter
from lipsync_ray.storage.whole import atomic_path

NEAR_LOSSLESS = EncodeSettings(crf=4, preset="veryfast")
NOTHING = KeepSettings(audio=False, subtitles=False, chapters=False, metadata=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """A stretch of a clip as files of its own."""

    video: Path  # picture and sound
    sound: Path  # the sound alone
    frames: range  # of the whole clip
    zero: Fraction  # s of the whole clip at which it begins


def cut_halves(table: FrameTable, folder: Path) -> tuple[Half, Half]:
    """Write both halves of a clip into ``folder``; the second begins with the first frame past the middle.

    Raises:
        MediaError: a frame or the sound cannot be read.
        SystemExit: the clip is too short to be halved.
    """
    middle = int(np.searchsorted(table.times(), float(table.duration) / 2))
    if not 2 <= middle <= len(table) - 2:
        raise SystemExit(f"{table.path} has too few frames to be halved")
    folder.mkdir(parents=True, exist_ok=True)
    # The first half keeps what the container shows before its first frame, as any cut from the start does.
    cut = table.time(middle)
    return (
        _cut(table, range(middle), Fraction(0), cut, folder / f"{Path(table.path).stem}.first.mov"),
        _cut(
            table,
            range(middle, len(table)),
            cut,
            table.duration,
            folder / f"{Path(table.path).stem}.second.mov",
        ),
    )


def _cut(table: FrameTable, frames: range, zero: Fraction, end: Fraction, path: Path) -> Half:
    sound = path.with_suffix(".wav")
    _cut_sound(table, zero, end, sound)
    timeline = _timeline(table, frames, zero, end)
    segment = path.with_suffix(".nut")
    _encode(table, timeline, segment)
    with atomic_path(path) as partial:
        mux(partial, [segment], table, timeline, probe_audio(sound), NOTHING, NEAR_LOSSLESS)
    segment.unlink()
    return Half(video=path, sound=sound, frames=frames, zero=zero)


def _timeline(table: FrameTable, frames: range, zero: Fraction, end: Fraction) -> Timeline:
    tick = table.video.time_base
    shift = round((table.origin + zero) / tick)
    source = np.arange(frames.start, frames.stop)
    return Timeline(
        time_base=tick,
        pts=np.asarray(table.pts[source], np.int64) - shift,
        source=source,
        end=round((table.origin + end) / tick) - shift,
        audio_start=Fraction(0),
        audio_end=end - zero,
        nominal_rate=table.video.nominal_rate,
    )


def _encode(table: FrameTable, timeline: Timeline, path: Path) -> None:
    video = table.video
    with (
        open_reader(table) as reader,
        SegmentWriter(
            path,
            layout=video.layout,
            size=(video.width, video.height),
            time_base=timeline.time_base,
            nominal_rate=timeline.nominal_rate,
            colour=video.colour,
            sar=video.sample_aspect_ratio,
            settings=NEAR_LOSSLESS,
        ) as writer,
    ):
        for frame, tick in zip(reader.frames(timeline.source.tolist()), timeline.pts.tolist(), strict=True):
            writer.write(frame.planes, tick)


def _cut_sound(table: FrameTable, zero: Fraction, end: Fraction, path: Path) -> None:
    """Samples from ``zero`` to ``end`` s of the clip's own clock, 16 bits, in one or two channels."""
    info = probe_audio(table.path)
    channels = min(info.channels, 2)
    samples = np.concatenate(list(mixed(table.path, info.rate, channels)), axis=1)
    begin = info.start - table.origin  # s of the first sample
    first, stop = (round((time - begin) * info.rate) for time in (zero, end))
    ahead, behind = max(0, -first), max(0, stop - samples.shape[1])
    cut = np.pad(samples[:, max(0, first) : max(0, stop)], ((0, 0), (ahead, behind)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(info.rate)
        file.writeframes(np.round(np.clip(cut.T, -1, 1) * 32767).astype("<i2").tobytes())
