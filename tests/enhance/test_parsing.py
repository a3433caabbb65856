"""A face's own parts, parsed in the aligned square, come back where they lie in the frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lipsync_ray.enhance.align import GFPGAN_TEMPLATE
from lipsync_ray.enhance.parsing import FACE, FaceParser
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings
from tests.engines.heads import head, turned

SHAPE = (480, 640)
MOUTH = np.s_[355:390, 210:305]  # rows and columns around the template's mouth
CLASSES = 19


class Painted(torch.nn.Module):
    """Sees the class of ``paint`` around the template's mouth, hair elsewhere; keeps what it was shown."""

    def __init__(self, paint: int) -> None:
        super().__init__()
        self.paint = paint
        self.shown: list[Tensor] = []

    def forward(self, face: Tensor, window: tuple[int, int, int, int]) -> Tensor:
        self.shown.append(face)
        scores = torch.zeros(len(face), CLASSES, 512, 512)
        scores[:, 13] = 1
        scores[:, self.paint, MOUTH[0], MOUTH[1]] = 2
        return scores[..., window[0] : window[1], window[2] : window[3]]


def parser(monkeypatch: pytest.MonkeyPatch, paint: int = 10) -> tuple[FaceParser, Painted]:
    net = Painted(paint)
    monkeypatch.setattr("lipsync_ray.enhance.parsing.load_parsenet", lambda path: net)
    return FaceParser(Path("none"), Runtime(ComputeSettings(device="cpu"))), net


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, *SHAPE, 3), np.uint8)


def test_a_class_comes_back_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = np.stack([head(), turned(head((200.0, 150.0), 160.0), 25), head((500.0, 300.0), 90.0)])
    masks = parser(monkeypatch)[0].masks(frames(3), faces)
    assert masks.shape == (3, *SHAPE)
    assert masks.dtype == np.uint8
    for mask, face in zip(masks, faces, strict=True):
        mouth = face[[61, 291], :2].mean(0)
        y, x = np.nonzero(mask > 127)
        size = np.linalg.norm(face[263, :2] - face[33, :2])
        assert np.linalg.norm([x.mean(), y.mean()] - mouth) < 0.12 * size
        assert mask[round(y.mean()), round(x.mean())] > 250
        width = np.linalg.norm(GFPGAN_TEMPLATE[1] - GFPGAN_TEMPLATE[0])
        eyes = np.linalg.norm(face[[362, 263], :2].mean(0) - face[[33, 133], :2].mean(0))
        assert len(x) == pytest.approx(35 * 95 * (eyes / width) ** 2, rel=0.2)


def test_masks_are_soft_at_the_border(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = parser(monkeypatch)[0].masks(frames(1), head()[None])[0]
    assert ((mask > 20) & (mask < 235)).any()
    assert np.abs(np.diff(mask.astype(int), axis=0)).max() < 140


@pytest.mark.parametrize("paint", range(CLASSES))
def test_skin_nose_and_mouth_count_and_nothing_else(monkeypatch: pytest.MonkeyPatch, paint: int) -> None:
    mask = parser(monkeypatch, paint)[0].masks(frames(1), head()[None])[0]
    assert mask.any() == (paint in FACE)


def test_the_network_sees_levels_from_minus_one_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made, net = parser(monkeypatch)
    bright = np.zeros((1, *SHAPE, 3), np.uint8)
    bright[..., 0] = 255
    made.masks(bright, head()[None])
    middle = net.shown[0][0, :, 300, 256]
    assert middle.tolist() == [1, -1, -1]
