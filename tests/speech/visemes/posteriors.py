"""Probabilities of sounds, written by hand."""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.visemes.classes import COUNT, NAMES


def said(text: str, sure: float = 0.8) -> np.ndarray:
    """``float32[n, 32]`` of ``"sil:50 m:8 a:15"``: sounds and how many frames each lasts."""
    rows = []
    for part in text.split():
        name, frames = part.split(":")
        row = np.full(COUNT, (1 - sure) / (COUNT - 1), np.float32)
        row[NAMES.index(name)] = sure
        rows.append(np.repeat(row[None], int(frames), axis=0))
    return np.concatenate(rows)
