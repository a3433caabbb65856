"""Faces as Wav2Lip's family of networks takes and gives them."""

from __future__ import annotations

import numpy as np


def network_faces(faces: np.ndarray) -> np.ndarray:
    """Face with its lower half blackened, then the whole face: ``float32[N,6,S,S]``, BGR, 0..1.

    ``faces`` are RGB ``uint8[N,S,S,3]``. BGR is what the authors' scripts feed (OpenCV's order).
    """
    whole = faces[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255
    masked = whole.copy()
    masked[:, :, whole.shape[2] // 2 :] = 0
    return np.concatenate([masked, whole], 1)


def to_pictures(made: np.ndarray) -> np.ndarray:
    """What such a network made (``float32[N,3,h,w]``, BGR, 0..1) as RGB ``uint8[N,h,w,3]``, truncated."""
    return (np.clip(made, 0, 1) * 255).astype(np.uint8)[:, ::-1].transpose(0, 2, 3, 1)
