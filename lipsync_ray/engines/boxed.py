"""What engines share that draw a face inside a box: where the box is, cutting it out, joining it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lipsync_ray.engines.base import FaceBatch, Resources, Scene
from lipsync_ray.engines.boxsight import box_views
from lipsync_ray.engines.facebox import AHEAD, REACH, ahead_boxes, face_boxes
from lipsync_ray.engines.facebox_settings import FaceBoxSettings
from lipsync_ray.engines.facecut import put_face
from lipsync_ray.engines.joining import join_mouth, paste_hard

if TYPE_CHECKING:
    from lipsync_ray.enhance.parsing import FaceParser
    from lipsync_ray.media.frame import Box

PARSER = "parsenet"  # in the weights registry


class Boxed:
    """The box of each face, by the settings that users of Wav2Lip know.

    Args:
        settings: pads, smoothing, a fixed box.
        resources: how a mouth is joined, and by whose mask.
        hard: join whole rectangles, and smooth them over the frames to come, as the authors' scripts do.
    """

    def __init__(self, settings: FaceBoxSettings, resources: Resources, *, hard: bool = False) -> None:
        self._settings, self._resources, self._hard = settings, resources, hard
        self.reach = AHEAD if hard else REACH  # rows of landmarks needed on each side of a frame
        parsed = not hard and resources.blend.mask == "parsenet"
        self._parser_file = resources.weights.path(PARSER) if parsed else None
        self.weights = {PARSER: resources.weights.digest(PARSER)} if parsed else {}

    @cached_property
    def _parser(self) -> FaceParser | None:
        if self._parser_file is None:
            return None
        from lipsync_ray.enhance.parsing import FaceParser
        from lipsync_ray.neural.runtime import Runtime

        return FaceParser(self._parser_file, Runtime(self._resources.compute, self._resources.threads))

    def views(self, scene: Scene) -> dict[int, Box]:
        """What is enough to be shown of each shot's crop; nothing named where a parser sees whole heads."""
        return {} if self.weights else box_views(scene, self._settings)

    def boxes(self, batch: FaceBatch) -> np.ndarray:
        """Boxes ``float64[N,4]`` (x0 y0 x1 y1) in pixels of the batch's crop."""
        settings, window = self._settings, batch.window
        if settings.box is not None:
            top, bottom, left, right = settings.box
            corner = np.array([left, top, right, bottom], np.float64)
            fixed = (corner - np.tile(batch.origin, 2)) * batch.scale
            return np.tile(fixed, (len(batch), 1))
        top, bottom, left, right = (batch.scale * pad for pad in settings.pads)
        calm = not settings.nosmooth
        boxes = face_boxes(
            window.landmarks, window.breaks, (top, bottom, left, right), smooth=calm and not self._hard
        )
        if self._hard:
            boxes = ahead_boxes(boxes, window.breaks) if calm else np.trunc(boxes)
        return boxes[window.rows(batch.number)]

    def join(self, batch: FaceBatch, faces: np.ndarray, boxes: np.ndarray) -> FaceBatch:
        """Put drawn faces over their boxes and join their mouths; sets ``output`` and ``mask``."""
        rows = list(zip(batch.frames, faces, boxes, strict=True))
        if self._hard:
            joined = [paste_hard(*row) for row in rows]
        else:
            own = self._own(batch, rows)
            joined = [
                join_mouth(frame, face, points, box, float(strength), self._resources.blend, own=part)
                for (frame, face, box), points, strength, part in zip(
                    rows, batch.landmarks, batch.cues["strength"], own, strict=True
                )
            ]
        pictures, masks = zip(*joined, strict=True)
        return replace(batch, output=np.stack(pictures), mask=np.stack(masks))

    def _own(
        self, batch: FaceBatch, rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    ) -> Sequence[np.ndarray | None]:
        """Where each face's own skin and lips are, by the drawn face in its frame; None: nobody is asked."""
        if self._parser is None:
            return [None] * len(rows)
        return list(self._parser.masks(np.stack([put_face(*row) for row in rows]), batch.landmarks))
