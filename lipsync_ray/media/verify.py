"""Reads a finished file back and compares it with what was promised."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer

from lipsync_ray.errors import OutputMismatch
from lipsync_ray.media.demux import open_demuxer, read_frames, read_packets
from lipsync_ray.media.output_times import Timeline

SOUND_SLACK = 0.12  # seconds: a packet of any codec, and a copied track's early end


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the file was found to hold."""

    frames: int
    seconds: float  # from the start to the end of the picture
    audio_seconds: float
    audio_codec: str
    tracks: tuple[str, ...]  # of all streams, such as "video h264"
    bytes: int


def verify(out_tmp: str | Path, timeline: Timeline, *, audio_end: Fraction | None = None) -> Verified:
    """Check frame count, every frame's time, the first picture and the sound of a finished file.

    Args:
        out_tmp: the file.
        timeline: the promise; times may differ by one tick of the container.
        audio_end: seconds of sound promised, where it is not ``timeline.audio_end``
            (``audio_codec=copy`` of a dub that ends early).

    Raises:
        OutputMismatch: with what was expected and what was found.
    """
    name = Path(out_tmp).name
    try:
        with open_demuxer(out_tmp, packets_only=True) as container:
            found = _read(container, name, timeline, timeline.audio_end if audio_end is None else audio_end)
            container.seek(0)
            first = next(read_frames(container, container.streams.video[0]), None)
            if first is None:
                raise OutputMismatch(f"{name}: the first picture cannot be decoded")
    except (av.error.FFmpegError, OSError) as error:
        raise OutputMismatch(f"{name} cannot be read back: {error}") from error
    return found


def _read(container: InputContainer, name: str, timeline: Timeline, audio_end: Fraction) -> Verified:
    if not container.streams.video or not container.streams.audio:
        missing = "sound" if container.streams.video else "picture"
        raise OutputMismatch(f"{name} has no {missing} track")
    video, audio = container.streams.video[0], container.streams.audio[0]
    ticks: list[int] = []
    sound = 0.0
    for packet in read_packets(container, video, audio):
        if not packet.size or packet.pts is None:
            continue
        if packet.stream_index == video.index:
            ticks.append(packet.pts)
        else:
            sound = max(sound, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    _compare_times(name, np.sort(np.array(ticks, np.int64)), video.time_base or Fraction(1, 1000), timeline)
    if abs(sound - float(audio_end)) > SOUND_SLACK:
        raise OutputMismatch(f"{name}: {sound:.3f} s of sound, expected {float(audio_end):.3f} s")
    return Verified(
        frames=len(ticks),
        seconds=float(timeline.duration),
        audio_seconds=sound,
        audio_codec=audio.codec_context.codec.canonical_name,
        tracks=tuple(
            f"{s.type} {s.codec_context.codec.canonical_name if s.codec_context else 'unknown'}"
            for s in container.streams
        ),
        bytes=container.size,
    )


def _compare_times(name: str, ticks: np.ndarray, base: Fraction, timeline: Timeline) -> None:
    if len(ticks) != len(timeline):
        raise OutputMismatch(f"{name}: {len(ticks)} frames, expected {len(timeline)}")
    found = ticks * (base.numerator / base.denominator)
    expected = timeline.times()
    wrong = np.abs(found - expected) > float(base) * 1.001
    if wrong.any():
        at = int(np.argmax(wrong))
        raise OutputMismatch(
            f"{name}: frame {at} at {found[at]:.6f} s, expected {expected[at]:.6f} s ({wrong.sum()} differ)"
        )
