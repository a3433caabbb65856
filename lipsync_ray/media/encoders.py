"""Which encoder, at which quality, with which options.

``codec=auto`` is libx264 for 8-bit pictures, whatever the source's codec, and libx265 for deeper
ones. H.264 plays everywhere and encodes several times faster than H.265 at the same visible quality;
but 10-bit H.264 is decoded by hardly any phone, browser or television, while 10-bit H.265 is what
they record and expect.

The default quality is visually lossless: a second generation that cannot be told from the first at
normal size, and larger than a source that was compressed hard. The steps of the two scales differ:
x265 at 18 and x264 at 17 look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import av

from lipsync_ray.errors import ConfigError, EncodeFailed
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.table import ColourTags

VideoCodec = Literal["auto", "libx264", "libx265", "h264_nvenc", "hevc_nvenc"]
DEFAULT_CRF = {"libx264": 17, "libx265": 18, "h264_nvenc": 19, "hevc_nvenc": 20}
PresetName = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
]
PRESETS: tuple[PresetName, ...] = get_args(PresetName)
# NVENC numbers its presets from fast to good; x264's names are translated so that one setting does.
NVENC_LEVELS = ("p1", "p1", "p2", "p3", "p4", "p5", "p6", "p6", "p7", "p7")

# Numbers of H.264 and H.265 for where a chroma sample of 4:2:0 lies (annex E, chroma_sample_loc_type).
CHROMA_PLACES = {(0, 0.5): 0, (0.5, 0.5): 1, (0, 0): 2, (0.5, 0): 3, (0, 1): 4, (0.5, 1): 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSettings:
    """How the output is encoded.

    ``crf`` is the constant quality of the encoder's own scale (0 lossless with libx264 and libx265,
    51 worst), None for the visually lossless default; NVENC takes it as its constant quality.
    ``audio_codec=auto`` copies what the container allows and encodes AAC (MP4, MOV) or Opus (MKV)
    otherwise; ``copy`` insists on the copy. ``audio_bitrate_k`` is in kbit/s, None for a rate that is
    transparent for speech and music. ``threads=0``: as many as the worker has CPUs. ``copy_untouched`` puts
    the source's own packets into the output where nothing is drawn for long, see ``copying``.
    """

    codec: VideoCodec = "auto"
    crf: int | None = None
    preset: PresetName = "medium"
    audio_codec: Literal["auto", "copy", "aac", "opus"] = "auto"
    audio_bitrate_k: int | None = None
    threads: int = 0
    copy_untouched: bool = False

    def __post_init__(self) -> None:
        if self.codec != "auto" and self.codec not in DEFAULT_CRF:
            raise ConfigError(f"encode.codec={self.codec}: choose auto, {', '.join(DEFAULT_CRF)}")
        if self.crf is not None and not 0 <= self.crf <= 51:
            raise ConfigError(f"encode.crf={self.crf}: a number from 0 (best) to 51")
        if self.preset not in PRESETS:
            raise ConfigError(f"encode.preset={self.preset}: choose one of {', '.join(PRESETS)}")
        if self.audio_codec not in ("auto", "copy", "aac", "opus"):
            raise ConfigError(f"encode.audio_codec={self.audio_codec}: choose auto, copy, aac or opus")
        if self.audio_bitrate_k is not None and not 6 <= self.audio_bitrate_k <= 1024:
            raise ConfigError(f"encode.audio_bitrate_k={self.audio_bitrate_k}: 6 to 1024 kbit/s")
        if self.threads < 0:
            raise ConfigError(f"encode.threads={self.threads}: 0 (automatic) or more")

    def concrete(self, layout: PixelLayout) -> str:
        """The encoder's name for pictures of this layout."""
        if self.codec != "auto":
            return self.codec
        return "libx264" if layout.depth == 8 else "libx265"

    def quality(self, codec: str) -> int:
        """The quality number for this encoder."""
        return DEFAULT_CRF[codec] if self.crf is None else self.crf


def codec_options(
    codec: str, settings: EncodeSettings, layout: PixelLayout, colour: ColourTags, parameter_set: int = 0
) -> dict[str, str]:
    """Private options of the encoder, all values as text.

    What its context cannot tell goes along: where chroma lies, and the facts of HDR pictures. NVENC has no
    words for either. Only libx264 can number its parameter sets (``parameter_set``).
    """
    quality = str(settings.quality(codec))
    if codec == "libx264":
        # crf=0 is lossless in 8 bits only, a fixed quantiser of 0 is in all depths.
        options = {"qp" if settings.crf == 0 else "crf": quality, "preset": settings.preset}
        number = str(parameter_set) if parameter_set else ""
        facts = _facts(layout, mastering_display=colour.mastering, cll=colour.light, sps_id=number)
        return options | ({"x264-params": facts} if facts else {})
    if codec == "libx265":
        # info=0: the version banner would put the machine's thread layout into the shared header.
        parameters = ["info=0:open-gop=0:log-level=error"]
        if settings.threads:
            parameters.append(f"pools={settings.threads}")
        if settings.crf == 0:
            parameters.append("lossless=1")
        facts = _facts(layout, master_display=colour.mastering, max_cll=colour.light)
        parameters += [facts] if facts else []
        return {"crf": quality, "preset": settings.preset, "x265-params": ":".join(parameters)}
    return {
        "rc": "vbr",
        "cq": quality,
        "b": "0",
        "preset": NVENC_LEVELS[PRESETS.index(settings.preset)],
        "tune": "hq",
        "forced-idr": "1",
    }


def _facts(layout: PixelLayout, **known: str) -> str:
    facts = {name.replace("_", "-"): text for name, text in known.items() if text}
    place = CHROMA_PLACES.get((layout.siting_x, layout.siting_y)) if layout.shift_y else None
    if place:  # 0 is what every player assumes
        facts["chromaloc"] = str(place)
    return ":".join(f"{name}={text}" for name, text in facts.items())


def check_pixels(codec: str, layout: PixelLayout) -> str:
    """The encoder's input format that holds the layout's samples without loss.

    Raises:
        EncodeFailed: it has none, or PyAV was built without the encoder.
    """
    try:
        formats = [entry.name for entry in av.Codec(codec, "w").video_formats or ()]
    except ValueError as error:
        raise EncodeFailed(f"this PyAV has no {codec}; use encode.codec=auto") from error
    wanted = layout.pix_fmt
    if wanted in formats:
        return wanted
    # NVENC takes deep samples in the high bits; the shift is undone by every decoder.
    high = {"yuv420p10le": "p010le", "yuv422p10le": "p210le", "yuv444p10le": "yuv444p10msble"}.get(wanted)
    if high is not None and high in formats:
        return high
    raise EncodeFailed(f"{codec} cannot hold {wanted} pictures; use encode.codec=auto")
