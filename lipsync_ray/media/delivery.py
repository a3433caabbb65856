"""The dub as a sound track of the output: copied where it can be, encoded where it must be.

It is encoded only if the container does not hold its codec, if silence must be joined to it
(``sync.mode=silence`` with a dub shorter than the video gives a track as long as the video) or if
it is moved by ``sync.delay_ms``. A copy that is too long is cut between packets (20 to 100 ms).
Uncompressed sound in MOV and MKV stays uncompressed and is cut, padded and moved to the sample.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, cast

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from lipsync_ray.errors import EncodeFailed
from lipsync_ray.media.audio import AudioInfo, blocks, layout_name, open_audio
from lipsync_ray.media.containers import OutputFormat, accepts, keeps_priming, output_format
from lipsync_ray.media.demux import read_packets
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.output_times import Timeline

logger = logging.getLogger(__name__)

SLACK = Fraction(1, 20)  # seconds by which a copied track may end before the picture
COARSE = Fraction(11, 100)  # seconds: packets longer than this cannot be cut well enough
EARLY = Fraction(1, 500)  # seconds by which a copy in Matroska may begin early: never noticed
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATE = 48_000
PIECE = 1 << 16  # samples of silence made at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the dub lies in the output, in seconds: it begins at ``start`` and the track ends at ``end``."""

    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How the dub reaches the output."""

    how: Literal["copy", "pcm", "encode"]
    codec: str  # of the output track


def choose_delivery(
    info: AudioInfo, target: OutputFormat, settings: EncodeSettings, place: Placement
) -> Delivery:
    """Decide between copying and encoding.

    Raises:
        EncodeFailed: ``audio_codec=copy`` and the container does not hold the codec.
    """
    wanted = settings.audio_codec
    if wanted in ("auto", "copy", info.codec) and _holds(info, target):
        if info.codec.startswith("pcm_"):
            return Delivery(how="pcm", codec=info.codec)
        short = place.end - place.start - info.duration
        fits = short <= SLACK and (short >= -SLACK or info.packet <= COARSE)
        if (fits and place.start == 0) or wanted == "copy":
            return Delivery(how="copy", codec=info.codec)
    if wanted == "copy":
        raise EncodeFailed(
            f"{info.codec} sound cannot be copied into {target.name}; use encode.audio_codec=auto"
        )
    encoder = {"aac": "aac", "opus": "libopus"}.get(wanted, target.encodes)
    return Delivery(how="encode", codec=encoder)


def promised_end(info: AudioInfo, out: str | Path, settings: EncodeSettings, timeline: Timeline) -> Fraction:
    """Seconds at which the sound of the output ends: for ``verify``.

    It is ``timeline.audio_end`` unless a copy is insisted on that ends earlier or can only be cut roughly.
    """
    place = Placement(start=timeline.audio_start, end=timeline.audio_end)
    if choose_delivery(info, output_format(out), settings, place).how != "copy":
        return place.end
    return min(place.end, place.start + info.duration)


def _holds(info: AudioInfo, target: OutputFormat) -> bool:
    if info.codec not in target.copies:
        return False
    with open_audio(info.path) as (container, stream):
        if not accepts(target, stream):
            return False
        if keeps_priming(target, info.codec, info.container):
            return True
        # Matroska cuts priming only where the codec's header counts its samples. To leave whole packets of it
        # out is no way: AAC and Vorbis blocks overlap, and the first one heard would be decoded from a half.
        base = stream.time_base or Fraction(1, info.rate)
        starts = (p.pts for p in read_packets(container, stream) if p.size and p.pts is not None)
        return next(starts, 0) * base - info.start >= -EARLY


@contextmanager
def dub_track(
    output: OutputContainer,
    info: AudioInfo,
    target: OutputFormat,
    settings: EncodeSettings,
    place: Placement,
) -> Iterator[Iterator[av.Packet]]:
    """Add the dub's stream to an output whose header is not yet written; gives its packets in time order.

    Raises:
        AudioUnreadable: the file cannot be read.
        EncodeFailed: no encoder or container takes it.
    """
    delivery = choose_delivery(info, target, settings, place)
    logger.info("sound: %s of %s (%s)", delivery.how, info.codec, delivery.codec)
    with open_audio(info.path) as (container, source):
        if delivery.how == "encode":
            layout = layout_name(source.layout.name, info.channels)
            yield _encoded(output, info, layout, delivery.codec, settings, place)
        else:
            stream = cast(AudioStream, output.add_stream_from_template(source))
            stream.time_base = source.time_base
            if delivery.how == "pcm":
                yield _uncompressed(container, source, stream, info, place)
            else:
                early = keeps_priming(target, info.codec, info.container)
                yield _copied(container, source, stream, info, place, early)


def _copied(
    container: InputContainer,
    source: AudioStream,
    stream: AudioStream,
    info: AudioInfo,
    place: Placement,
    early: bool,
) -> Iterator[av.Packet]:
    """The file's own packets; those before zero only where the container knows what they are."""
    base = source.time_base or Fraction(1, info.rate)
    shift = round((place.start - info.start) / base)
    for packet in read_packets(container, source):
        if packet.size == 0 or packet.pts is None:
            continue
        packet.pts += shift
        if packet.pts * base >= place.end:
            return
        if (place.start < 0 or not early) and (packet.pts + (packet.duration or 0)) * base <= 0:
            continue
        packet.pts = packet.dts = packet.pts if early else max(0, packet.pts)
        packet.stream = stream
        yield packet


def _uncompressed(
    container: InputContainer, source: AudioStream, stream: AudioStream, info: AudioInfo, place: Placement
) -> Iterator[av.Packet]:
    """Bytes of whole samples, with as much silence before and after as the placement asks for."""
    width = _sample_bytes(info)
    lead, total = round(place.start * info.rate), round(place.end * info.rate)
    blank = b"\x80" if info.codec == "pcm_u8" else b"\x00"

    def raw() -> Iterator[bytes]:
        yield from (blank * (width * count) for count in _pieces(max(0, lead)))
        skip = max(0, -lead) * width
        for packet in read_packets(container, source):
            data = bytes(packet)
            yield data[skip:]
            skip = max(0, skip - len(data))
        yield from (blank * (width * count) for count in _pieces(total))

    done = 0
    for data in raw():
        data = data[: (total - done) * width]
        count = len(data) // width
        if count:
            packet = av.Packet(data[: count * width])
            packet.time_base = Fraction(1, info.rate)
            packet.pts = packet.dts = done
            packet.duration, packet.stream, packet.is_keyframe = count, stream, True
            yield packet
        done += count
        if done >= total:
            return


def _sample_bytes(info: AudioInfo) -> int:
    bits = int("".join(c for c in info.codec.removeprefix("pcm_") if c.isdigit()))
    return bits // 8 * info.channels


def _pieces(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, PIECE)
        count -= PIECE


def _encoded(
    output: OutputContainer,
    info: AudioInfo,
    layout: str,
    codec: str,
    settings: EncodeSettings,
    place: Placement,
) -> Iterator[av.Packet]:
    rate = OPUS_RATE if codec == "libopus" else min(AAC_RATES, key=lambda r: (abs(r - info.rate), -r))
    try:
        stream = cast(AudioStream, output.add_stream(codec, rate))
        stream.layout = layout
        stream.bit_rate = _bit_rate(info.channels, rate, settings)
        stream.time_base = Fraction(1, rate)
        stream.codec_context.open()
    except (av.error.FFmpegError, ValueError) as error:
        raise EncodeFailed(f"{codec} cannot encode {layout} sound of {rate} Hz: {error}") from error
    return _encode_packets(stream, fitted(blocks(info.path, rate=rate, layout=layout), rate, place))


def _bit_rate(channels: int, rate: int, settings: EncodeSettings) -> int:
    """Bits per second; AAC has a ceiling of 6144 bits per frame of 1024 samples and channel."""
    if settings.audio_bitrate_k is not None:
        return settings.audio_bitrate_k * 1000
    per_channel = min(128_000 if channels == 1 else 96_000, 5 * rate)
    return min(per_channel * channels, 510_000)


def fitted(parts: Iterator[np.ndarray], rate: int, place: Placement) -> Iterator[np.ndarray]:
    """``float32[channels, n]`` pieces that begin at ``place.start`` and fill the track to its end exactly."""
    lead, total = round(place.start * rate), round(place.end * rate)
    done, channels = 0, 1
    skip = max(0, -lead)
    for part in parts:
        channels = part.shape[0]
        if done == 0 and lead > 0:
            lead = min(lead, total)
            yield from (np.zeros((channels, count), np.float32) for count in _pieces(lead))
            done, lead = lead, 0
        kept = part[:, skip : skip + total - done]
        skip = max(0, skip - part.shape[1])
        if kept.shape[1]:
            yield kept
        done += kept.shape[1]
        if done >= total:
            return
    yield from (np.zeros((channels, count), np.float32) for count in _pieces(total - done))


def _encode_packets(stream: AudioStream, parts: Iterator[np.ndarray]) -> Iterator[av.Packet]:
    done = 0
    layout = stream.layout.name
    for part in parts:
        packed = np.ascontiguousarray(part.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = stream.rate
        frame.time_base, frame.pts = Fraction(1, stream.rate), done
        done += part.shape[1]
        yield from stream.encode(frame)
    yield from stream.encode(None)
