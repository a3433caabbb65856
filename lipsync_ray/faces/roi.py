"""Where the mesh looks: a rotated square around a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.media.affine import affine, turn_by

MARGIN = 1.5  # side of the square over the longer side of the face box: what the mesh was trained on
RIGHT_EYE, LEFT_EYE = 33, 263  # outer corners, named from the person's own sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Roi:
    """A square of an image: centre and side in pixels, angle in radians (clockwise on the screen)."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self, size: int) -> np.ndarray:
        """Affine map ``float64[2,3]`` from a ``size`` x ``size`` crop to image pixels."""
        turn = turn_by(self.angle) * (self.side / size)
        return affine(turn, np.array([self.x, self.y]) - turn @ np.array([size / 2, size / 2]))

    def within(self, x0: float, y0: float, step: int) -> Roi:
        """The same square in an image that starts at (x0, y0) and is ``step`` times smaller.

        A small pixel is the mean of ``step`` x ``step`` large ones, so centres move by half a pixel.
        """
        x, y = ((value - start + 0.5) / step - 0.5 for value, start in ((self.x, x0), (self.y, y0)))
        return Roi(x=x, y=y, side=self.side / step, angle=self.angle)

    def bounds(self) -> tuple[float, float, float, float]:
        """Upright box around the square: x0, y0, x1, y1."""
        half = self.side / 2 * (abs(np.cos(self.angle)) + abs(np.sin(self.angle)))
        return self.x - half, self.y - half, self.x + half, self.y + half


def roi_from_detection(box: np.ndarray, keypoints: np.ndarray) -> Roi:
    """Square for a detector's box ``[4]`` and keypoints ``[k,2]`` (right eye, left eye first)."""
    eyes = keypoints[1] - keypoints[0]
    side = MARGIN * max(box[2] - box[0], box[3] - box[1])
    return Roi(
        x=float(box[0] + box[2]) / 2,
        y=float(box[1] + box[3]) / 2,
        side=float(side),
        angle=float(np.arctan2(eyes[1], eyes[0])),
    )


def roi_from_landmarks(landmarks: np.ndarray) -> Roi:
    """Square for the landmarks ``[468,2+]`` of the frame before: their box, measured along the eye line."""
    points = landmarks[:, :2].astype(np.float64)
    eyes = points[LEFT_EYE] - points[RIGHT_EYE]
    angle = np.arctan2(eyes[1], eyes[0])
    turn = turn_by(float(angle))
    level = points @ turn
    low, high = level.min(0), level.max(0)
    x, y = turn @ ((low + high) / 2)
    return Roi(x=float(x), y=float(y), side=float(MARGIN * (high - low).max()), angle=float(angle))
