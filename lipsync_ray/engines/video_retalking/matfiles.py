"""Two MATLAB files that VideoReTalking needs: points of the average face, and expressions to take."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from scipy.io import loadmat

from lipsync_ray.engines.video_retalking.coefficients import EXPRESSION
from lipsync_ray.engines.video_retalking.fit3dmm import five_points
from lipsync_ray.errors import WeightsCorrupt

_EXPRESSIONS = {"neutral": "expression_center", "smile": "expression_mouth"}


def read_model_points(path: Path) -> np.ndarray:
    """Five 3-D points ``float64[5,3]`` of the average face, y up, from ``similarity_Lm3D_all.mat``.

    Raises:
        WeightsCorrupt: the file is another one.
    """
    landmarks = _read(path, "lm")
    if landmarks.shape != (68, 3):
        raise WeightsCorrupt(
            f"{path.name} holds lm of shape {landmarks.shape}, not 68 landmarks of 3 numbers"
        )
    return five_points(landmarks)


def read_expression(path: Path, name: Literal["neutral", "smile"]) -> np.ndarray:
    """Coefficients ``float32[64]`` of an expression, from ``expression.mat``.

    Raises:
        WeightsCorrupt: the file is another one.
    """
    rows = _read(path, _EXPRESSIONS[name])
    if rows.ndim != 2 or not len(rows) or rows.shape[1] < EXPRESSION:
        raise WeightsCorrupt(
            f"{path.name} holds {_EXPRESSIONS[name]} of shape {rows.shape}, "
            f"not rows of {EXPRESSION} coefficients or more"
        )
    return rows[0, :EXPRESSION].astype(np.float32)


def _read(path: Path, name: str) -> np.ndarray:
    try:
        content = loadmat(path, variable_names=[name])
        return np.asarray(content[name], np.float64)
    except KeyError as error:
        raise WeightsCorrupt(f"{path.name} holds no {name}; is it another file's name?") from error
    except (ValueError, TypeError, NotImplementedError, OSError) as error:
        raise WeightsCorrupt(f"{path.name} cannot be read as a MATLAB file: {error}") from error
