"""What engines share that draw a face inside a box: where the box is, cutting it out, joining it again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.engines.base import FaceBatch
from lipsync_ray.engines.facebox import REACH, face_boxes
from lipsync_ray.engines.facebox_settings import FaceBoxSettings
from lipsync_ray.engines.facecut import put_face
from lipsync_ray.engines.joining import join_mouth, paste_hard


class Boxed:
    """The box of each face, by the settings that users of Wav2Lip know.

    Args:
        settings: pads, smoothing, a fixed box.
        blend: how a mouth is joined.
        hard: join whole rectangles, as the authors' scripts do.
    """

    reach = REACH  # rows of landmarks needed on each side of a frame

    def __init__(self, settings: FaceBoxSettings, blend: BlendSettings, *, hard: bool = False) -> None:
        self._settings, self._blend, self._hard = settings, blend, hard

    def boxes(self, batch: FaceBatch) -> np.ndarray:
        """Boxes ``float64[N,4]`` (x0 y0 x1 y1) in pixels of the batch's crop."""
        settings, window = self._settings, batch.window
        if settings.box is not None:
            top, bottom, left, right = settings.box
            corner = np.array([left, top, right, bottom], np.float64)
            fixed = (corner - np.tile(batch.origin, 2)) * batch.scale
            return np.tile(fixed, (len(batch), 1))
        top, bottom, left, right = (batch.scale * pad for pad in settings.pads)
        boxes = face_boxes(
            window.landmarks, window.breaks, (top, bottom, left, right), smooth=not settings.nosmooth
        )
        return boxes[window.rows(batch.number)]

    def join(self, batch: FaceBatch, faces: np.ndarray, boxes: np.ndarray) -> FaceBatch:
        """Put drawn faces over their boxes and join their mouths; sets ``output`` and ``mask``."""
        output, mask = batch.frames.copy(), np.zeros(batch.frames.shape[:3], np.uint8)
        for row, (frame, face, box) in enumerate(zip(batch.frames, faces, boxes, strict=True)):
            if self._hard:
                output[row], mask[row] = paste_hard(frame, face, box)
            else:
                output[row], mask[row] = join_mouth(
                    frame,
                    put_face(frame, face, box),
                    batch.landmarks[row],
                    box,
                    float(batch.cues["strength"][row]),
                    self._blend,
                )
        return replace(batch, output=output, mask=mask)
