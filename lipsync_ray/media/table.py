"""What is known about a video before any of it is processed: its stream, and the time of every frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lipsync_ray.media.frame import PixelLayout


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTags:
    """Colour description to write on an output that keeps the reader's planes: numbers of FFmpeg's enums.

    An unspecified tag stays unspecified (2, for the range 0); the layout holds the guess used for arithmetic.
    ``mastering`` and ``light`` describe HDR pictures in the encoders' own notation.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0  # 1 limited, 2 full
    mastering: str = ""  # G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min) of the grading display, SMPTE ST 2086 units
    light: str = ""  # "most,average" light level of the content in cd/m2 (CTA-861.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """Facts about the video stream that was chosen. Sizes are pixels, whatever shape those have."""

    width: int  # upright: after rotation
    height: int
    coded_width: int  # as decoded: before rotation
    coded_height: int
    rotation: int  # degrees to turn the decoded picture clockwise: 0, 90, 180 or 270
    mirrored: bool = False  # the turned picture is then flipped left to right
    pix_fmt: str  # of the stream
    layout: PixelLayout  # upright working layout: what the reader yields and the writer encodes
    sample_aspect_ratio: Fraction  # width : height of an upright pixel
    codec: str
    bit_rate: int | None
    time_base: Fraction
    nominal_rate: Fraction  # frames per second, for display and encoders; never for time
    colour: ColourTags
    container: str  # FFmpeg's name of the demuxer, such as "mov,mp4,m4a,3gp,3g2,mj2"
    has_audio: bool
    stream_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameTable:
    """Every frame that a player shows, in presentation order; a frame *is* its PTS.

    Presentation time of frame ``i`` is ``pts[i] * video.time_base - origin`` seconds.
    """

    path: str
    video: VideoInfo
    pts: np.ndarray  # int64[n] ticks of video.time_base, strictly increasing
    key_pts: np.ndarray  # int64[k] frames at which decoding can start, increasing
    key_dts: np.ndarray  # int64[k] where to seek for each of them
    origin: Fraction  # s, where the container's own clock starts
    end_pts: int  # ticks at which the last frame ends
    indexed: bool = True  # False: seeking is useless, decode from the start
    counted: bool = False  # True: the decoder's own times are useless, the n-th frame out is frame n
    still: bool = False  # the file is one picture

    def __len__(self) -> int:
        return len(self.pts)

    def times(self) -> np.ndarray:
        """Presentation time of every frame, ``float64[n]`` s."""
        base = self.video.time_base
        zero = self.origin / base  # exact in ticks, so that equal gaps stay equal
        return ((self.pts * zero.denominator - zero.numerator) / zero.denominator) * float(base)

    def time(self, index: int) -> Fraction:
        """Exact presentation time of one frame, s."""
        return int(self.pts[index]) * self.video.time_base - self.origin

    @property
    def duration(self) -> Fraction:
        """Seconds from the container's zero to the end of the last frame."""
        return self.end_pts * self.video.time_base - self.origin

    @property
    def is_vfr(self) -> bool:
        """Whether frame times leave an even grid by more than the rounding of the time base."""
        n = len(self.pts)
        if n < 3:
            return False
        gap = (int(self.pts[-1]) - int(self.pts[0])) / (n - 1)
        off = np.abs(self.pts - self.pts[0] - gap * np.arange(n))
        return bool(off.max() > max(1.5, 0.05 * gap))

    def governing_key(self, index: int) -> int:
        """Number of the last keyframe shown not after frame ``index`` (0 where there is none)."""
        return max(0, int(np.searchsorted(self.key_pts, self.pts[index], side="right")) - 1)
