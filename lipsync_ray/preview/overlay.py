"""Lines over a picture that show what a dub works with: the blend mask and the landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.faces.mesh import LIPS

OUTLINE, LIP, FACE = (255, 215, 0), (60, 230, 90), (90, 170, 255)  # RGB
_FINE = 4  # binary digits of a pixel's fraction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """What is drawn over a frame, in px of the upright picture."""

    outlines: tuple[np.ndarray, ...]  # float64[k,2] each: closed lines around what a dub may change
    faces: tuple[np.ndarray, ...]  # float32[468,2] each: landmarks of each role in the source, NaN: not seen

    def draw(
        self, picture: np.ndarray, corner: tuple[float, float] = (0.0, 0.0), zoom: float = 1.0
    ) -> np.ndarray:
        """A part of the frame with the lines: it begins at ``corner`` and is ``zoom`` times as large.

        Args:
            picture: ``uint8[h,w,3]`` RGB.
            corner: x and y of its upper left pixel in the whole frame.
            zoom: pixels of it for one of the frame.
        """
        out = np.ascontiguousarray(picture).copy()
        radius = max(0.8, out.shape[1] / 700)
        for line in self.outlines:
            points = np.rint((line - corner) * zoom * 2**_FINE).astype(np.int32)
            cv2.polylines(out, [points], True, OUTLINE, max(1, round(radius)), cv2.LINE_AA, _FINE)
        for face in self.faces:
            if np.isfinite(face).all():
                _dot(out, (face - corner) * zoom, radius)
        return out


def _dot(picture: np.ndarray, landmarks: np.ndarray, radius: float) -> None:
    lips = np.zeros(len(landmarks), bool)
    lips[LIPS.ravel()] = True
    for chosen, colour in ((~lips, FACE), (lips, LIP)):
        for x, y in landmarks[chosen]:
            place = (round(float(x) * 2**_FINE), round(float(y) * 2**_FINE))
            cv2.circle(picture, place, round(radius * 2**_FINE), colour, -1, cv2.LINE_AA, _FINE)


def outlines_of(mask: np.ndarray, corner: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Lines around what of a mask ``uint8[h,w]`` is above 0, which begins at ``corner`` (x, y) of the frame.

    Specks and holes below a fiftieth of its width are left out: a mask may be of pixels that changed at all,
    and its border then follows the noise.
    """
    size = max(3, mask.shape[1] // 50) | 1  # odd: an even one would shift the line
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    inside = (mask > 0).astype(np.uint8)
    for kind in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        inside = cv2.morphologyEx(inside, kind, disc)
    found, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return tuple(line[:, 0, :].astype(np.float64) + corner for line in found)
