"""VideoReTalking in this pipeline: a calm face, lips for the sound on it, and only the mouth is joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lipsync_ray.engines.base import FaceBatch, FrameContext, Preparation, Resources, Scene
from lipsync_ray.engines.boxed import Boxed
from lipsync_ray.engines.facecut import cut_faces
from lipsync_ray.engines.listening import heard, listen
from lipsync_ray.engines.video_retalking.calm import Calmer
from lipsync_ray.engines.video_retalking.exact import ExactFinish
from lipsync_ray.engines.video_retalking.expression import template_of
from lipsync_ray.engines.video_retalking.files import weights_for
from lipsync_ray.engines.video_retalking.lips import SIDE, LipPainter, window_boxes
from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings
from lipsync_ray.engines.video_retalking.upper import UpperFace

BEFORE, AFTER = 13, 12  # frames of D-Net's window around each frame
COLUMNS = 16  # of the mel spectrogram: 0.2 s from the frame on


class VideoReTalking:
    """Implements `engines.base.Engine` with the published networks.

    A frame's picture depends on its own pixels, its sound, its number (which chooses the noise), the
    landmarks over which boxes are smoothed, and the 3-D coefficients of the 26 frames of D-Net's window.

    With ``upstream_exact`` it ``restores`` the mouth itself, as the authors' script does.
    """

    name = "video_retalking"

    def __init__(self, settings: VideoReTalkingSettings, resources: Resources) -> None:
        self._settings, self._resources = settings, resources
        self._paths = {name: resources.weights.path(name) for name in weights_for(settings)}
        self._boxed = Boxed(settings, resources, hard=settings.upstream_exact)
        own = {name: resources.weights.digest(name) for name in self._paths}
        self.weights: Mapping[str, str] = {**own, **self._boxed.weights}
        self.restores = exact = settings.upstream_exact
        self._finish = ExactFinish(self._paths, resources, settings.seed) if exact else None
        self._painter = LipPainter(self._paths, resources, settings.seed, whole=exact)
        self._calmer: Calmer | None = None
        self.context, self.landmark_margin = FrameContext(), self._boxed.reach
        if settings.stabilize:
            restore = settings.enhance_reference
            self._calmer = Calmer(self._paths, resources, restore=restore, exact=self._finish)
            self.context = FrameContext(before=BEFORE, after=AFTER)
            self.landmark_margin = max(self._boxed.reach, self._calmer.reach)
        self._upper: UpperFace | None = None
        if settings.up_face != "original":
            self._upper = UpperFace(settings.up_face, self._paths["vrt_ganimation"], resources)

    def prepare(self, scene: Scene) -> Preparation:
        """The sound as the networks hear it, and the expression of the calm face."""
        told = listen(scene)
        if self._calmer is None:
            return told
        template = template_of(self._settings.exp_img, self._paths, self._calmer, self._resources.weights)
        return replace(told, shared={**told.shared, "expression": template})

    def look(self, batch: FaceBatch) -> np.ndarray:
        """What D-Net's window needs of each frame, ``float32[N,73]``."""
        if self._calmer is None:
            return np.zeros((len(batch), 0), np.float32)
        return self._calmer.coefficients(batch)

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        """The reference pictures: the frames with the template's expression on their faces."""
        calm = batch.frames if self._calmer is None else self._calmer.calm(batch)
        return replace(batch, stabilized=calm)

    def generate(self, batch: FaceBatch) -> FaceBatch:
        """Lower faces with the new mouth, and where they lie."""
        boxes = self._boxed.boxes(batch)
        drawn = self._painter.paint(
            cut_faces(batch.frames, boxes, SIDE),
            cut_faces(batch.stabilized, boxes, SIDE),
            heard(batch.shared["mel"], batch.cues["column"], COLUMNS),
            batch.number,
        )
        return replace(batch, generated=(drawn, boxes))

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        """Nothing: the restorer works on the joined face."""
        return batch

    def blend(self, batch: FaceBatch) -> FaceBatch:
        """Joins the mouth, and the edited upper face if one is wanted; sets ``output`` and ``mask``."""
        drawn, boxes = batch.generated
        if self._finish is None:
            joined = self._boxed.join(batch, drawn, window_boxes(boxes))
        else:
            joined = self._finish.finish(self._boxed.join(batch, drawn, boxes), boxes)
        return joined if self._upper is None else self._upper.edit(joined, boxes)
