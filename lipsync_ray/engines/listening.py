"""What engines that listen on their own are told: a mel spectrogram, and where in it each frame is."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.base import Preparation, Scene
from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.mel import mel_spectrogram, window_starts, windows

UPPER, LOWER, LEFT, RIGHT = 13, 14, 61, 291  # inner lips in the middle, corners of the mouth
EYES = (33, 263)  # outer corners
_BLOCK = 1000  # frames whose landmarks are in memory at a time, 17 kB each with their doubles


def listen(scene: Scene) -> Preparation:
    """Mel spectrogram ``mel`` ``float32[M,80]`` for all; rows ``column`` and ``strength`` of each frame.

    Raises:
        AudioUnreadable: the sound holds no numbers.
    """
    sound = scene.speech.sound(measured_mouth(scene))
    source = np.asarray(scene.timeline.source)
    return Preparation(
        shared={"mel": mel_spectrogram(sound.samples)},
        frames={
            "column": window_starts(sound.times),
            "strength": scene.target.strength[source].astype(np.float32),
        },
        report={"speech": dict(sound.report)},
    )


def heard(mel: np.ndarray, column: np.ndarray, width: int) -> np.ndarray:
    """The networks' windows of sound, ``float32[N,1,80,width]``; silence beyond the ends."""
    return windows(mel, column, width)[:, None]


def measured_mouth(scene: Scene) -> MeasuredMouth:
    """Opening and width of the target's mouth in every source frame, in distances between the eyes."""
    face, usable = scene.target.face, scene.target.reason == 0
    aperture, width = np.full(len(face), np.nan), np.full(len(face), np.nan)
    for start in range(0, len(face), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(face)))
        rows = rows[usable[rows] & (face[rows] >= 0)]
        points = scene.scan.landmarks(rows, face[rows]).astype(np.float64)
        eyes = np.linalg.norm(points[:, EYES[0]] - points[:, EYES[1]], axis=1)
        aperture[rows] = np.linalg.norm(points[:, UPPER] - points[:, LOWER], axis=1) / eyes
        width[rows] = np.linalg.norm(points[:, LEFT] - points[:, RIGHT], axis=1) / eyes
    return MeasuredMouth(times=scene.table.times(), aperture=aperture, width=width)
