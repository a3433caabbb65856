"""Networks with made-up weights, for what does not depend on training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync_ray.speech.visemes.classes import NAMES

DILATIONS = (1, 2, 4, 8, 1, 2)


def made_weights(width: int = 24, seed: int = 0, nets: int = 1) -> dict[str, np.ndarray]:
    """The arrays of a weights file."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {
        "classes": np.array(NAMES),
        "version": np.array("made"),
        "sequence.transitions": (0.9 * np.eye(32) + 0.1 / 32).astype(np.float32),
        "sequence.prior": np.full(32, 1 / 32, np.float32),
    }
    for number in range(nets):
        shapes = {"stem": (width, 48, 5), "head": (32, width)}
        for b in range(len(DILATIONS)):
            shapes |= {f"block{b}.conv": (width, width, 3), f"block{b}.mix": (width, width)}
        for name, shape in shapes.items():
            weight = rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
            arrays[f"net{number}.{name}.weight"] = weight.astype(np.float16)
            arrays[f"net{number}.{name}.bias"] = (0.1 * rng.standard_normal(shape[0])).astype(np.float16)
        arrays[f"net{number}.norm.scale"] = rng.uniform(0.5, 1.5, width).astype(np.float16)
        arrays[f"net{number}.norm.shift"] = (0.1 * rng.standard_normal(width)).astype(np.float16)
        arrays[f"net{number}.dilations"] = np.array(DILATIONS, np.int32)
    return arrays


def write_weights(path: Path, **given: int) -> Path:
    """A weights file with made-up numbers."""
    with path.open("wb") as file:
        np.savez(file, **made_weights(**given))  # type: ignore[arg-type]
    return path
