"""A talking face without pictures: the portrait's mesh, moved by the shipped basis, turned and shifted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_ray.engines.unit_selection.basis import load_prior, move
from lipsync_ray.engines.unit_selection.canonical import Poses, build_reference, to_pixels
from lipsync_ray.engines.unit_selection.descriptor import describe
from lipsync_ray.engines.unit_selection.measures import Measures, measure
from lipsync_ray.speech.track import NAMES, MouthCues

MESH = Path(__file__).resolve().parent / "portrait_landmarks.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talker:
    landmarks: np.ndarray  # float32[N,468,3] px
    shapes: np.ndarray  # float64[N,468,3] canonical, before posing
    poses: Poses
    nose_y: float
    descriptors: np.ndarray  # float64[N,6] of the shapes

    def load(self, frames: np.ndarray) -> np.ndarray:
        return self.landmarks[frames]


def neutral() -> np.ndarray:
    """The portrait's face with its lips just closed, canonical ``[1,468,3]``."""
    with np.load(MESH) as data:
        landmarks = data[data.files[0]]
    shape = build_reference(landmarks.reshape(-1, 468, 3)).shape[None]
    nose_y = shape[0, 2, 1]
    delta = np.zeros((1, 6))
    delta[0, 0] = 0.002 - describe(shape, nose_y)[0, 0]
    delta[0, 3:5] = delta[0, 0] * 0.6, delta[0, 0] * 0.4
    return move(shape, delta, load_prior(), nose_y)


def turned(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Rotations ``[N,3,3]`` by angles in degrees."""

    def about(axis: int, angle: np.ndarray) -> np.ndarray:
        out = np.tile(np.eye(3), (len(angle), 1, 1))
        i, j = [k for k in range(3) if k != axis]
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        out[:, i, i], out[:, j, j], out[:, i, j], out[:, j, i] = c, c, -s, s
        return out

    return about(2, roll) @ about(1, yaw) @ about(0, pitch)


def talk(
    aperture: np.ndarray, width: np.ndarray | None = None, *, seed: int = 0, io: float = 100.0
) -> Talker:
    """A face that opens by ``aperture[N]`` IO and widens by ``width[N]``, on a slowly moving head."""
    rng = np.random.default_rng(seed)
    n = len(aperture)
    base, basis = neutral(), load_prior()
    nose_y = float(base[0, 2, 1])
    delta = np.zeros((n, 6))
    delta[:, 0] = aperture - describe(base, nose_y)[0, 0]
    delta[:, 1] = 0.0 if width is None else width
    delta[:, 3], delta[:, 4] = 0.6 * delta[:, 0], 0.4 * delta[:, 0]
    shapes = move(np.repeat(base, n, axis=0), delta, basis, nose_y)
    phase = np.arange(n) / 25
    angles = [k * np.sin(phase * (0.3 + 0.1 * k) + rng.uniform(0, 6)) for k in (6, 4, 3)]
    poses = Poses(
        scale=io * (1 + 0.03 * np.sin(phase / 3)),
        rotation=turned(*angles),
        translation=np.array([300.0, 260.0, 0.0]) + 10 * np.sin(phase[:, None] / 2 + np.arange(3)),
    )
    landmarks = to_pixels(shapes, poses).astype(np.float32)
    return Talker(
        landmarks=landmarks,
        shapes=shapes,
        poses=poses,
        nose_y=nose_y,
        descriptors=describe(shapes, nose_y),
    )


def speechlike(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Apertures (closing now and then) and widths of ``n`` frames at 25 fps."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 25
    a = np.zeros(n)
    w = np.zeros(n)
    for rate in (1.3, 2.1, 3.7):
        a += np.sin(2 * np.pi * rate * t + rng.uniform(0, 6))
        w += np.sin(2 * np.pi * 0.7 * rate * t + rng.uniform(0, 6))
    return np.maximum(0.06 * a + 0.04, 0.002), 0.02 * w


def measured(talker: Talker, shots: np.ndarray | None = None) -> Measures:
    """The talker measured like a scanned video, every frame usable."""
    n = len(talker.landmarks)
    everywhere = np.ones(n, bool)
    return measure(talker.load, everywhere, everywhere, np.zeros(n, np.int32) if shots is None else shots)


def cues(n: int, **given: np.ndarray | float) -> MouthCues:
    """Speech that asks for nothing but what is given."""
    values = {**dict.fromkeys(NAMES, 0.0), "speech": 1.0, **given}
    return MouthCues(**{k: np.broadcast_to(np.float32(v), n).astype(np.float32) for k, v in values.items()})
