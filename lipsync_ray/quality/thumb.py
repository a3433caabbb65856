"""A small picture of a face, for reports."""

from __future__ import annotations

import cv2

from lipsync_ray.faces.picture import shrunk_rgb
from lipsync_ray.media.frame import Box, Frame

HEIGHT = 220  # px of a picture
_QUALITY = 82  # of the JPEGs


def face_jpeg(frame: Frame, box: Box) -> bytes:
    """A JPEG of a box of a frame, ``HEIGHT`` rows high."""
    rgb = shrunk_rgb(frame, box, max(1, box.height // (2 * HEIGHT)))[0]
    scale = HEIGHT / rgb.shape[0]
    size = (max(1, round(rgb.shape[1] * scale)), HEIGHT)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
