"""Is the mouth covered? Lips are redder than skin; a hand, a microphone or a mask is not."""

from __future__ import annotations

import numpy as np

from lipsync_ray.faces.track import LightFaces

TELLING = 0.015  # redness contrast below which lips do not stand out and nothing can be said
NEVER = -0.04  # contrast of lips that are much less red than skin: a mask, however long it is worn
ENOUGH = 25  # frames that make a median of one's own; fewer share that of the whole video


def relative_redness(light: LightFaces, rows: np.ndarray, shot: np.ndarray) -> np.ndarray:
    """Redness of the lips against their usual one, ``float64[m]``: about 1 when seen, below 0.3 when not.

    Each lip's contrast over its median, the mean of both lips. The median is that of the same face in the
    same shot (light and exposure change with the shot). A lip that does not stand out at all counts
    as 1: grey pictures and dark lips pass as uncovered. Two lips below ``NEVER`` are none: 0.

    Args:
        light: all faces.
        rows: rows of the target's faces, ``int64[m]``.
        shot: shot of each of them, ``int32[m]``.
    """
    if not len(rows):
        return np.zeros(0)
    redness = light.redness[rows].astype(np.float64)
    hidden = (redness < NEVER).all(1)
    usual = np.tile(np.median(redness, 0), (len(rows), 1))
    group = shot.astype(np.int64) * (1 << 32) + light.face[rows]
    for number in np.unique(group):
        mine = group == number
        if mine.sum() >= ENOUGH:
            usual[mine] = np.median(redness[mine], 0)
    tells = usual > TELLING
    ratio = np.where(tells, redness / np.where(tells, usual, 1.0), 1.0)
    # Where one lip tells nothing the other speaks for both.
    ratio = np.where(tells, ratio, ratio[:, ::-1])
    return np.where(hidden, 0.0, np.where(tells.any(1), ratio.mean(1), 1.0))
