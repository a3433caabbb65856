"""What each output container holds, by the extension of the output's name."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
from av.stream import Stream

from lipsync_ray.errors import ConfigError

_PCM = frozenset(
    f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f64le", "u8")
)
_COMPRESSED = frozenset(("aac", "mp3", "ac3", "eac3", "alac"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """A container that can be written."""

    name: str  # FFmpeg's muxer
    copies: frozenset[str]  # sound codecs that players expect in it
    encodes: str  # encoder for all other sound
    text: str  # codec of text subtitles
    delays: bool  # sound may begin before zero (encoder priming) and be cut there by the player


MP4 = OutputFormat(
    name="mp4", copies=_COMPRESSED | {"opus", "flac"}, encodes="aac", text="mov_text", delays=True
)
MOV = OutputFormat(name="mov", copies=_COMPRESSED | _PCM, encodes="aac", text="mov_text", delays=True)
MKV = OutputFormat(
    name="matroska",
    copies=_COMPRESSED | _PCM | {"opus", "vorbis", "flac", "dts", "truehd"},
    encodes="libopus",
    text="subrip",
    delays=False,
)
FORMATS = {".mp4": MP4, ".m4v": MP4, ".mov": MOV, ".mkv": MKV}


def output_format(path: str | Path) -> OutputFormat:
    """The container that an output name asks for.

    Raises:
        ConfigError: the extension is none that can be written.
    """
    extension = Path(path).suffix.lower()
    if extension not in FORMATS:
        raise ConfigError(f"out={path}: the name must end in {', '.join(FORMATS)}")
    return FORMATS[extension]


def accepts(target: OutputFormat, template: Stream) -> bool:
    """Whether the container takes a copy of this stream, found by writing a header into memory."""
    try:
        with av.open(io.BytesIO(), "w", format=target.name) as trial:
            copy = trial.add_stream_from_template(template)
            copy.time_base = template.time_base
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


def keeps_priming(target: OutputFormat, codec: str, source: str) -> bool:
    """Whether samples that an encoder puts before zero stay there in a copy, unheard.

    MP4 has edit lists for it. Matroska has a field that the muxer fills for Opus, and for what came
    out of Matroska; anything else before zero would move all other tracks.
    """
    return target.delays or codec == "opus" or "matroska" in source
