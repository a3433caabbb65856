"""What a job reads: the video's frame table, the sound, their hashes, and the output's timeline."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.config import Config
from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.media.audio import AudioInfo, probe_audio
from lipsync_ray.media.audio_segments import assemble_segments
from lipsync_ray.media.bounds import check_hours
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.containers import output_format
from lipsync_ray.media.delivery import promised_end
from lipsync_ray.media.encoders import check_pixels
from lipsync_ray.media.index import FrameTable, build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.still import write_still
from lipsync_ray.media.timeline import WARN_SECONDS, Timeline, build_timeline
from lipsync_ray.provenance.facts import GivenFile
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.speakers.voices import write_mix
from lipsync_ray.storage.whole import content_hash

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that is known before a picture is looked at."""

    table: FrameTable
    sound: AudioInfo  # of the file that is delivered
    drive: AudioInfo  # of the file that the mouth follows: the same one, or the one that audio.drive names
    timeline: Timeline
    source_hash: str
    audio_hash: str
    drive_hash: str
    given: tuple[GivenFile, ...] = ()  # each file of the job, see jobs.given


def open_inputs(config: Config, workspace: Path) -> Inputs:
    """Examine video and sound; ``workspace`` takes sound that is put together from segments.

    Raises:
        MediaError: a file cannot be used.
        ConfigError: the files do not go together, or the output's container cannot be written.
        EncodeFailed: the output's encoders or container cannot hold what ``encode`` asks for.
    """
    if config.out is not None:
        output_format(config.out)  # a wrong extension is told before a long file is read
    table = build_table(config.video, config.limits)
    if config.media.static and not table.still:
        table = first_frame(table, workspace)
    sound = probe_audio(delivered_sound(config, table, workspace))
    drive = _drive(config, sound)
    timeline = build_timeline(table, sound.duration, config.sync)
    _check_hours(config, table, sound, timeline)
    if config.out is not None:
        _check_output(config, config.out, table, sound, timeline)
    return Inputs(
        table=table,
        sound=sound,
        drive=drive,
        timeline=timeline,
        source_hash=content_hash(table.path),
        audio_hash=(heard := content_hash(sound.path)),
        drive_hash=heard if drive is sound else content_hash(drive.path),
    )


def first_frame(table: FrameTable, workspace: Path) -> FrameTable:
    """The first frame of a video as a picture of its own, kept in ``workspace``."""
    path = workspace / "first.png"
    with open_reader(table) as reader:
        write_still(rgb_of(next(iter(reader.frames([0])))), path)
    return build_table(path)


def drive_gap(sound: AudioInfo, drive: AudioInfo) -> str | None:
    """What to tell a person where the mouth would follow a sound of another length than is heard."""
    gap = float(drive.duration - sound.duration)
    if abs(gap) <= WARN_SECONDS:
        return None
    longer = "longer" if gap > 0 else "shorter"
    return (
        f"audio.drive is {abs(gap):.2f} s {longer} than what is heard; both have to start at the same moment"
    )


def _drive(config: Config, sound: AudioInfo) -> AudioInfo:
    """The sound that the mouth follows."""
    if config.audio.drive is None:
        return sound
    try:
        drive = probe_audio(config.audio.drive)
    except AudioUnreadable as error:
        raise AudioUnreadable(f"audio.drive: {error}") from error
    if gap := drive_gap(sound, drive):
        logger.warning("%s", gap)
    return drive


def _check_hours(config: Config, table: FrameTable, sound: AudioInfo, timeline: Timeline) -> None:
    if not table.still:
        check_hours(str(config.video), float(table.duration), config.limits)
    check_hours(str(config.audio.file or "the sound"), float(sound.duration), config.limits)
    check_hours("the dub", float(timeline.duration), config.limits)


def _check_output(
    config: Config, out: str | Path, table: FrameTable, sound: AudioInfo, timeline: Timeline
) -> None:
    """What would stop the last stage is told before the first."""
    layout = table.video.layout
    check_pixels(config.encode.concrete(layout), layout)
    promised_end(sound, out, config.encode, timeline)


def delivered_sound(config: Config, table: FrameTable, workspace: Path) -> Path:
    """The sound file to deliver: the one given, or one put together from segments or of several speakers."""
    if config.audio.segments:
        if table.still:
            raise ConfigError("audio.segments needs a video: a still picture lasts as long as its sound")
        place = workspace / "segments.wav"
        return assemble_segments(config.audio, place, length=table.duration, source=config.video)
    if config.audio.file is not None:
        return Path(config.audio.file)
    if config.speakers.rows:
        other = config.video if config.audio.keep_other and table.video.has_audio else None
        return write_mix(
            cast_of(config.speakers.rows),
            workspace / "mix.wav",
            fade_ms=config.audio.fade_ms,
            length=table.duration,
            other=other,
        )
    raise ConfigError(
        "no sound is given: use audio=FILE, audio.segments=[{start,end,file}] or speakers.map=FILE"
    )
