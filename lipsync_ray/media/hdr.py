"""Static facts that HDR pictures carry: the display they were graded on, and how bright they get.

FFmpeg hands them out as C structures (``AVMasteringDisplayMetadata`` and ``AVContentLightMetadata`` in
libavutil/mastering_display_metadata.h); x264 and x265 take them as text.
"""

from __future__ import annotations

import struct

import av

_DISPLAY = struct.Struct(
    "=20i2i"
)  # ten fractions: red, green, blue, white (x, y), darkest, brightest; two flags
_CHROMATICITY = 50_000  # units of a coordinate (SMPTE ST 2086)
_LUMINANCE = 10_000  # units of a cd/m2


def mastering_display(frame: av.VideoFrame) -> str:
    """``G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)`` of a decoded picture; empty where it tells none or a part."""
    data = frame.side_data.get("MASTERING_DISPLAY_METADATA")
    raw = b"" if data is None else bytes(data)
    if len(raw) < _DISPLAY.size:
        return ""
    *numbers, coordinates, luminance = _DISPLAY.unpack_from(raw)
    upper, lower = numbers[::2], numbers[1::2]
    if not coordinates or not luminance or 0 in lower:
        return ""
    values = [a / b for a, b in zip(upper, lower, strict=True)]
    red_x, red_y, green_x, green_y, blue_x, blue_y, white_x, white_y = (
        round(value * _CHROMATICITY) for value in values[:8]
    )
    darkest, brightest = (round(value * _LUMINANCE) for value in values[8:])
    return (
        f"G({green_x},{green_y})B({blue_x},{blue_y})R({red_x},{red_y})"
        f"WP({white_x},{white_y})L({brightest},{darkest})"
    )


def light_level(frame: av.VideoFrame) -> str:
    """``"most,average"`` light level in cd/m2 of a decoded picture; empty where it tells none."""
    data = frame.side_data.get("CONTENT_LIGHT_LEVEL")
    raw = b"" if data is None else bytes(data)
    if len(raw) < 8:
        return ""
    most, average = struct.unpack_from("=2I", raw)
    return f"{most},{average}" if most or average else ""
