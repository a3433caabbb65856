"""The finished file: the joined picture, the dub, and what the source had besides."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.stream import Disposition, Stream

from lipsync_ray.errors import EncodeFailed
from lipsync_ray.media.audio import AudioInfo, open_audio
from lipsync_ray.media.concat import concat, open_segment, survey
from lipsync_ray.media.containers import OutputFormat, output_format
from lipsync_ray.media.delivery import Placement, dub_track
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.probe import open_container
from lipsync_ray.media.table import FrameTable
from lipsync_ray.media.tracks import (
    KeepSettings,
    add_tracks,
    clean_metadata,
    kept_tracks,
    moved_chapters,
    track_packets,
)
from lipsync_ray.media.verify import Verified, verify

__all__ = ["KeepSettings", "Verified", "mux", "verify"]

logger = logging.getLogger(__name__)


def mux(
    out_tmp: str | Path,
    segments: Sequence[Path],
    table: FrameTable,
    timeline: Timeline,
    sound: AudioInfo,
    keep: KeepSettings,
    settings: EncodeSettings,
) -> None:
    """Write the output file.

    The picture is the segments' packets; the dub is the first sound track and the default one; the source's
    other tracks follow where the container holds them (each that it does not is named in a warning).

    Args:
        out_tmp: file to write; its extension names the container.
        segments: in order, together the timeline's frames.
        table, timeline: of the source, whose other tracks are kept (a still has none); of the output.
        sound: the dub.
        keep: what of the source to keep.
        settings: how to encode the dub where it cannot be copied.

    Raises:
        OutputMismatch: the segments are not the timeline's frames.
        EncodeFailed: a segment, the dub or the file cannot be written.
        AudioUnreadable: the dub cannot be read.
    """
    target = output_format(out_tmp)
    joint = survey(segments, timeline)  # all segments are checked before anything is written
    place = Placement(start=timeline.audio_start, end=timeline.audio_end)
    try:
        with ExitStack() as stack:
            output = stack.enter_context(_create(out_tmp, target, timeline))
            video = _add_video(output, segments[0], joint.header, target, timeline)
            dub = stack.enter_context(dub_track(output, sound, target, settings, place))
            _mark_dub(output.streams[-1], sound.path)
            flows = [_assigned(concat(segments, timeline, joint), video), dub]
            if not table.still:
                source = stack.enter_context(open_container(table.path, packets_only=True))
                flows += _keep(output, source, table, timeline, target, keep)
            for packet in heapq.merge(*flows, key=_due):
                output.mux(packet)
    except (av.error.FFmpegError, ValueError) as error:
        raise EncodeFailed(f"cannot write {Path(out_tmp).name}: {error}") from error


def _create(path: str | Path, target: OutputFormat, timeline: Timeline) -> OutputContainer:
    options = {}
    if target.delays:
        # Edit lists count in the movie's clock: with the default of 1/1000 s a first picture at 33.0078 ms
        # would come at 33 ms. The index goes to the front, so that players may begin before the end arrives.
        options = {
            "movie_timescale": str(max(1000, timeline.time_base.denominator)),
            "movflags": "+faststart",
        }
    return av.open(f"file:{path}", "w", format=target.name, options=options)


def _add_video(
    output: OutputContainer, segment: Path, header: bytes, target: OutputFormat, timeline: Timeline
) -> Stream:
    with open_segment(segment) as container:
        template = container.streams.video[0]
        stream = output.add_stream_from_template(template, opaque=True)
        stream.codec_context.extradata = header
        stream.codec_context.framerate = timeline.nominal_rate
        if template.codec_context.codec.canonical_name == "hevc" and target.delays:
            stream.codec_context.codec_tag = "hvc1"  # Apple's players refuse FFmpeg's own choice, hev1
    stream.time_base = timeline.time_base
    stream.disposition = Disposition.default
    return stream


def _mark_dub(stream: Stream, audio_path: str | Path) -> None:
    """Default, and in the language its own file names: the source's is not the dub's."""
    stream.disposition = Disposition.default
    with open_audio(audio_path) as (_, source):
        language = source.metadata.get("language")
    if language:
        stream.metadata["language"] = language


def _keep(
    output: OutputContainer,
    source: InputContainer,
    table: FrameTable,
    timeline: Timeline,
    target: OutputFormat,
    keep: KeepSettings,
) -> list[Iterator[av.Packet]]:
    kept = add_tracks(output, kept_tracks(source, target, keep, timeline.stretch != 1), target)
    if keep.metadata:
        output.metadata.update(clean_metadata(source.metadata))
    if keep.chapters:
        output.set_chapters(moved_chapters(source, timeline, table.origin))
    return [track_packets(source, kept, timeline, table.origin, target)] if kept else []


def _assigned(packets: Iterator[av.Packet], stream: Stream) -> Iterator[av.Packet]:
    for packet in packets:
        packet.stream = stream
        yield packet


def _due(packet: av.Packet) -> Fraction:
    """When the packet is due, in seconds: tracks are interleaved by it."""
    return (packet.dts or 0) * packet.time_base
