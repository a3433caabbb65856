"""The source's other tracks in the output: sound, subtitles, chapters, metadata."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.stream import Disposition, Stream

from lipsync_ray.media.containers import OutputFormat, accepts, keeps_priming
from lipsync_ray.media.demux import read_packets
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.subtitles import ASS_HEADER, TEXT_CODECS, from_text, to_text

logger = logging.getLogger(__name__)

# Facts about the source's own file, wrong for any other.
_TECHNICAL = frozenset(
    ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "rotate", "handler_name")
)
_STATISTICS = ("_statistics", "bps", "number_of_", "duration", "source_id", "vendor_id", "timecode")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSettings:
    """What of the source besides its picture goes into the output.

    The source's default sound track (the speech that is replaced) never does; ``audio`` means the others.
    """

    audio: bool = True
    subtitles: bool = True
    chapters: bool = True
    metadata: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """A track of the source and its stream in the output."""

    source: Stream
    stream: Stream
    container: str  # FFmpeg's name of the source's container
    convert: tuple[str, str] | None  # codecs of the text before and after


def kept_tracks(
    source: InputContainer, target: OutputFormat, keep: KeepSettings, stretched: bool
) -> list[Stream]:
    """The source's streams that are to be kept and can be; each of the others is named in a warning."""
    chosen: list[Stream] = []
    for stream in _wanted(source, keep):
        name = _name(stream)
        if stream.type == "audio" and stretched:
            logger.warning("dropped %s: sync.mode=remap changes the speed of the picture", name)
        elif stream.codec_context is None:
            logger.warning("dropped %s: its codec is unknown", name)
        elif _is_text(stream) or accepts(target, stream):
            chosen.append(stream)
        else:
            logger.warning("dropped %s: %s does not hold it", name, target.name)
    return chosen


def _wanted(source: InputContainer, keep: KeepSettings) -> list[Stream]:
    speech = speech_track(source)
    sound = [s for s in source.streams.audio if s is not speech and s.index != speech.index] if speech else []
    return [*(sound if keep.audio else []), *(source.streams.subtitles if keep.subtitles else [])]


def speech_track(source: InputContainer) -> Stream | None:
    """The sound track a player takes by itself: the first marked as default, else the first."""
    sound = source.streams.audio
    return next((s for s in sound if s.disposition & Disposition.default), sound[0] if sound else None)


def _is_text(stream: Stream) -> bool:
    return stream.type == "subtitle" and _codec(stream) in TEXT_CODECS


def _codec(stream: Stream) -> str:
    return stream.codec_context.codec.canonical_name


def _name(stream: Stream) -> str:
    codec = _codec(stream) if stream.codec_context is not None else "unknown"
    language = stream.metadata.get("language", "und")
    return f"{stream.type} track {stream.index} ({codec}, {language})"


def add_tracks(output: OutputContainer, streams: list[Stream], target: OutputFormat) -> list[Kept]:
    """Add a stream to the output for each of the source's."""
    kept = []
    for source in streams:
        convert = None
        if _is_text(source) and not (accepts(target, source) and _codec(source) != "webvtt"):
            convert = (_codec(source), target.text)
            copy = _text_stream(output, target)
        else:
            copy = output.add_stream_from_template(source)
            copy.time_base = source.time_base
        copy.metadata.update(clean_metadata(source.metadata))
        copy.disposition = Disposition(source.disposition) & ~Disposition.default
        container = source.container.format.name
        kept.append(Kept(source=source, stream=copy, container=container, convert=convert))
    return kept


def _text_stream(output: OutputContainer, target: OutputFormat) -> Stream:
    stream: Any = output.add_stream(target.text)
    stream.time_base = Fraction(1, 1000)
    stream.codec_context.time_base = Fraction(1, 1000)
    stream.codec_context.subtitle_header = ASS_HEADER
    return stream


def track_packets(
    source: InputContainer, kept: list[Kept], timeline: Timeline, origin: Fraction, target: OutputFormat
) -> Iterator[av.Packet]:
    """Packets of the kept tracks on the output's clock, up to the end of the picture."""
    by_index = {track.source.index: track for track in kept}
    try:
        for packet in read_packets(source, *(track.source for track in kept)):
            if packet.size and packet.pts is not None:
                placed = _place(packet, by_index[packet.stream_index], timeline, origin, target)
                if placed is not None:
                    yield placed
    except av.error.FFmpegError as error:
        logger.warning("the source's other tracks end early: %s", error.strerror)


def _place(
    packet: av.Packet, track: Kept, timeline: Timeline, origin: Fraction, target: OutputFormat
) -> av.Packet | None:
    """The packet with its times in the output; None where it lies outside or shows nothing."""
    base = packet.time_base
    assert packet.pts is not None
    begin = (packet.pts * base - origin) * timeline.stretch
    length = (packet.duration or 0) * base * timeline.stretch
    if begin >= timeline.duration:
        return None
    if track.convert is not None:
        return _converted(packet, track, max(begin, Fraction(0)), min(length, timeline.duration - begin))
    subtitle = track.source.type == "subtitle"
    early = not subtitle and keeps_priming(target, _codec(track.source), track.container)
    if begin < 0 and not early:
        if begin + length <= 0:
            return None
        length, begin = length + begin, Fraction(0)
    if subtitle:
        length = min(length, timeline.duration - begin)
    packet.pts = packet.dts = round(begin / base)
    packet.duration = round(length / base)
    packet.stream = track.stream
    return packet


def _converted(packet: av.Packet, track: Kept, begin: Fraction, length: Fraction) -> av.Packet | None:
    assert track.convert is not None
    before, after = track.convert
    text = to_text(bytes(packet), before)
    if not text:
        return None
    made = av.Packet(from_text(text, after))
    made.time_base = Fraction(1, 1000)
    made.pts = made.dts = round(begin * 1000)
    made.duration = max(1, round(length * 1000))
    made.is_keyframe = True
    made.stream = track.stream
    return made


def clean_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata without the facts that a new file makes wrong."""
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in _TECHNICAL and not key.lower().startswith(_STATISTICS)
    }


def moved_chapters(source: InputContainer, timeline: Timeline, origin: Fraction) -> list[Any]:
    """The source's chapters on the output's clock, in milliseconds; those past its end are left out."""
    moved: list[Any] = []
    for chapter in source.chapters():
        base = chapter["time_base"] or Fraction(1, 1000)
        begin, end = (
            min(max((chapter[side] * base - origin) * timeline.stretch, Fraction(0)), timeline.duration)
            for side in ("start", "end")
        )
        if end > begin:
            times = {"start": round(begin * 1000), "end": round(end * 1000), "time_base": Fraction(1, 1000)}
            moved.append({"id": chapter["id"], "metadata": dict(chapter.get("metadata", {}))} | times)
    return moved
