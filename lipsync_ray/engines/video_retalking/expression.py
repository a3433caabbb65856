"""The expression that calm faces get: a named one, or the one of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

import numpy as np

from lipsync_ray.engines.facecut import cut_faces
from lipsync_ray.engines.video_retalking.calm import SIDE, Calmer
from lipsync_ray.engines.video_retalking.coefficients import EXPRESSION
from lipsync_ray.engines.video_retalking.crop import face_rectangles, into_square
from lipsync_ray.engines.video_retalking.matfiles import read_expression
from lipsync_ray.engines.video_retalking.points68 import points68
from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.faces.follow import Follower
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.still import is_still, still_frame, still_table
from lipsync_ray.weights.store import WeightStore


def template_of(
    expression: str, paths: Mapping[str, Path], calmer: Calmer, weights: WeightStore
) -> np.ndarray:
    """Coefficients ``float32[64]``.

    Args:
        expression: ``neutral``, ``smile``, or a picture file with a face.
        paths: weight files by name.
        calmer: measures the picture's face.
        weights: where the face models are.

    Raises:
        ConfigError: the picture is missing or none.
        FaceNotFound: it shows no face.
    """
    if expression in ("neutral", "smile"):
        name = cast(Literal["neutral", "smile"], expression)
        return read_expression(paths["vrt_expression"], name)
    return _of_picture(Path(expression), calmer, weights)


def _of_picture(path: Path, calmer: Calmer, weights: WeightStore) -> np.ndarray:
    if not path.is_file() or not is_still(path):
        raise ConfigError(
            f"engine.exp_img={path} is no picture file; expected neutral, smile or a picture with a face"
        )
    frame = still_frame(still_table(path))
    settings = FaceSettings()
    seen = Follower(load_models(weights), settings).step(frame, cut=True)
    if not seen:
        raise FaceNotFound(f"no face in engine.exp_img={path}; take a picture that shows one, from the front")
    landmarks = seen[0].landmarks[None]
    rectangle = face_rectangles(landmarks, np.ones(1, bool), 0)
    heads = cut_faces(rgb_of(frame)[None], rectangle, SIDE)
    return calmer.measure(heads, into_square(points68(landmarks), rectangle, SIDE))[0, :EXPRESSION]
