"""Restored faces put back as VideoReTalking's script does it, its fault with two faces too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lipsync_ray.enhance import upstream
from lipsync_ray.enhance.upstream import FoundFace, Restored, put_back, put_target, restore
from tests.parity import recipe
from tests.parity.fixture import Fixture

FIXTURE = Fixture("composite")
PICTURES = {
    spec["name"]: np.uint8(recipe.smooth_image(spec["seed"], spec["shape"]).transpose(1, 2, 0) * 255)  # pyright: ignore
    for spec in FIXTURE.manifest["inputs"]
}
FACES = [
    FoundFace(box=np.array(box[:4]), landmarks=np.array(landmarks))
    for box, landmarks in zip(*FIXTURE.manifest["faces"].values(), strict=True)
]
EDITED, ORIGINAL = PICTURES["edited"], PICTURES["original"]
TARGET = (80, 270, 100, 240)


def parse(face: np.ndarray) -> np.ndarray:
    y, x = np.indices(face.shape[:2])
    inside = ((y - 270) / 190) ** 2 + ((x - 256) / 150) ** 2 < 1
    return np.where(inside, 255, 0).astype(np.uint8)


def enhanced(faces: list[FoundFace]) -> np.ndarray:
    return put_back(EDITED, EDITED, restore(EDITED, faces, parse, lambda face: 255 - face))


def pasted(faces: list[FoundFace], change: Callable[[Restored], Restored] = lambda same: same) -> np.ndarray:
    return put_target(ORIGINAL, change(restore(EDITED, faces, parse, None)), TARGET)


def apart(name: str, found: np.ndarray) -> int:
    return int(np.abs(found[::3, ::3].astype(int) - FIXTURE.wanted[name]).max())


@pytest.mark.parametrize(("name", "count"), [("one", 1), ("two", 2)])
def test_faces_come_back_as_in_the_authors_code(name: str, count: int) -> None:
    assert apart(f"enhance_{name}", enhanced(FACES[:count])) <= FIXTURE.manifest["atol"]["pixels"]
    assert apart(f"paste_{name}", pasted(FACES[:count])) <= FIXTURE.manifest["atol"]["pixels"]


def test_with_two_faces_the_target_is_lost() -> None:
    kept = cv2.resize(cv2.resize(ORIGINAL, (512, 512)), ORIGINAL.shape[1::-1])
    assert np.abs(pasted(FACES).astype(int) - kept).max() <= 2
    assert np.abs(pasted(FACES[::-1]).astype(int) - kept).max() > 50


def test_slips_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert apart("enhance_two", enhanced(FACES[::-1])) > 10
    assert apart("paste_one", pasted(FACES[:1], lambda r: replace(r, sharp=r.soft))) > 10
    monkeypatch.setattr(upstream, "_LEVELS", 4)
    assert apart("paste_one", pasted(FACES[:1])) > 10
    monkeypatch.setattr(upstream, "_EDGE", 100)
    assert apart("enhance_one", enhanced(FACES[:1])) > 10


def test_small_faces_are_smoothed() -> None:
    large = [FACES[0], replace(FACES[1], box=np.array([300.0, 140.0, 420.0, 260.0]))]
    assert not np.array_equal(enhanced(FACES), enhanced(large))
