"""Restorers between pictures and networks: number formats, parts, noise by frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lipsync_ray.enhance.base import Part
from lipsync_ray.enhance.gfpgan_decoder import NOISES
from lipsync_ray.enhance.restorers import Gfpgan, Gpen
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings

PART: Part = (300, 340, 200, 260)
FACES = np.random.default_rng(0).integers(0, 256, (3, 512, 512, 3)).astype(np.uint8)
NUMBERS = np.array([7, 8, 12])


class Plain(torch.nn.Module):
    """Adds a constant to a face, and what noise it is given; keeps its shapes."""

    def __init__(self, added: float) -> None:
        super().__init__()
        self.added = added
        self.shapes: list[list[tuple[int, ...]]] = []


class PlainGfpgan(Plain):
    def forward(self, face: Tensor, noise: Sequence[Tensor] | None, window: Part) -> Tensor:
        out = face + self.added
        if noise is not None:
            self.shapes.append([tuple(each.shape) for each in noise])
            out = out + 0.2 * noise[-1]
        return out[..., window[0] : window[1], window[2] : window[3]]


class PlainGpen(Plain):
    def forward(self, face: Tensor, window: Part) -> Tensor:
        return (face + self.added)[..., window[0] : window[1], window[2] : window[3]]


def runtime(batch: int = 1) -> Runtime:
    return Runtime(ComputeSettings(device="cpu", batch=batch))


def gfpgan(
    monkeypatch: pytest.MonkeyPatch, added: float, seed: int | None = None, batch: int = 1
) -> tuple[Gfpgan, Plain]:
    net = PlainGfpgan(added)
    monkeypatch.setattr("lipsync_ray.enhance.restorers.load_gfpgan", lambda path: net)
    return Gfpgan(Path("none"), runtime(batch), seed), net


def gpen(monkeypatch: pytest.MonkeyPatch, added: float) -> Gpen:
    monkeypatch.setattr("lipsync_ray.enhance.restorers.load_gpen", lambda path: PlainGpen(added))
    return Gpen(Path("none"), runtime())


def part_of(faces: np.ndarray) -> np.ndarray:
    return faces[:, PART[0] : PART[1], PART[2] : PART[3]].astype(int)


@pytest.mark.parametrize(
    ("levels", "rounded", "cut"), [(0.4, 0, 0), (0.6, 1, 0), (-0.4, 0, -1), (400, 255, 255)]
)
def test_gfpgan_rounds_and_gpen_truncates_as_their_authors_do(
    monkeypatch: pytest.MonkeyPatch, levels: float, rounded: int, cut: int
) -> None:
    made = gfpgan(monkeypatch, levels / 127.5)[0].restore(FACES, NUMBERS, PART)
    assert np.array_equal(made, np.clip(part_of(FACES) + rounded, 0, 255))
    made = gpen(monkeypatch, levels / 127.5).restore(FACES, NUMBERS, PART)
    assert np.array_equal(made, np.clip(part_of(FACES) + cut, 0, 255))
    assert made.dtype == np.uint8


def test_without_a_seed_the_file_has_the_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    restorer, net = gfpgan(monkeypatch, 0.0)
    assert np.array_equal(restorer.restore(FACES, NUMBERS, PART), part_of(FACES))
    assert net.shapes == []


def test_with_a_seed_a_frame_has_its_own_noise_whatever_is_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.full_like(FACES, 128)
    restorer, net = gfpgan(monkeypatch, 0.0, seed=3)
    together = restorer.restore(grey, NUMBERS, PART)
    assert net.shapes[0] == [(1, 1, size, size) for size in NOISES]
    assert together.std() > 5
    assert not np.array_equal(together[0], together[1])
    for row in range(3):
        alone = restorer.restore(grey[row : row + 1], NUMBERS[row : row + 1], PART)
        assert np.array_equal(alone[0], together[row])
    batched = gfpgan(monkeypatch, 0.0, seed=3, batch=2)[0].restore(grey, NUMBERS, PART)
    assert np.array_equal(batched, together)
    other = gfpgan(monkeypatch, 0.0, seed=4)[0].restore(grey, NUMBERS, PART)
    assert not np.array_equal(other, together)
