"""The package face-alignment as a detector, and its FAN against ours, on weights of the fixtures."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.faces.detectors import base
from lipsync_ray.faces.detectors.fan import (
    LANDMARKS_FILE,
    LEFT_EYE,
    RIGHT_EYE,
    FaceAlignmentDetector,
    stage,
)
from lipsync_ray.faces.detectors.fan_net import load_fan
from lipsync_ray.faces.detectors.s3fd import S3FD
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings
from tests.parity.fixture import Fixture

package = pytest.importorskip("face_alignment", reason="the package face-alignment is not installed")
SURE = 0.6  # few faces: each costs the package two runs of FAN
RUNTIME = Runtime(ComputeSettings(device="cpu"), threads=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    # Corrections of noise would make boxes larger than any picture: so they stay near the priors. Scores of
    # noise are nearly all 1, and which box of equals is kept hangs on the processor: so they differ.
    calmer = {"mbox_loc": 0.02, "mbox_conf": 0.05}
    boxes = {
        key: v * next((factor for part, factor in calmer.items() if part in key), 1)
        for key, v in Fixture("s3fd").weights.items()
    }
    torch.save(boxes, folder / "s3fd.pth")
    torch.save(Fixture("fan").weights, folder / "2DFAN4.pth.tar")
    return folder


@pytest.fixture(scope="module")
def detector(files: Path) -> FaceAlignmentDetector:
    return FaceAlignmentDetector(files / "s3fd.pth", files / "2DFAN4.pth.tar", files / "hub", RUNTIME)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (96, 128, 3), np.uint8)


def test_package_finds_our_files_and_leaves_the_hub_alone(
    files: Path, detector: FaceAlignmentDetector
) -> None:
    staged = files / "hub" / "checkpoints"
    assert os.listdir(staged) == [LANDMARKS_FILE]
    assert (staged / LANDMARKS_FILE).resolve() == files / "2DFAN4.pth.tar"
    assert Path(torch.hub.get_dir()) != files / "hub"


@torch.inference_mode()
def test_package_has_the_networks_of_the_fixtures(files: Path, detector: FaceAlignmentDetector) -> None:
    fan = Fixture("fan")
    maps = detector._net.face_alignment_net(fan.inputs()["face"])
    maps = maps[-1] if isinstance(maps, list) else maps
    fan.check("maps", maps)
    np.testing.assert_allclose(maps, load_fan(files / "2DFAN4.pth.tar")(fan.inputs()["face"]), atol=1e-4)


def inside(box: np.ndarray, picture: np.ndarray) -> bool:
    x, y = (box[:2] + box[2:]) / 2
    return bool(0 <= x < picture.shape[1] and 0 <= y < picture.shape[0])


def test_boxes_are_those_of_our_s3fd(
    files: Path, detector: FaceAlignmentDetector, picture: np.ndarray
) -> None:
    ours = S3FD.load(files / "s3fd.pth", RUNTIME).detect(picture, SURE)
    theirs = [box for box in detector._net.face_detector.detect_from_image(picture) if box[4] >= SURE]
    assert len(ours) == len(theirs) >= 5  # the weights are noise, and so are the faces
    for one, other in zip(ours, sorted(theirs, key=lambda box: -box[4]), strict=True):
        np.testing.assert_allclose(one.box, other[:4], rtol=1e-3, atol=0.5)
        assert one.score == pytest.approx(other[4], abs=1e-3)
    looked_at = [face for face in ours if inside(face.box, picture)]  # FAN cuts none of the others out
    found = detector.detect(picture, SURE)
    assert len(found) == len(looked_at) > 0
    for one, other in zip(looked_at, found, strict=True):
        np.testing.assert_allclose(one.box, other.box, rtol=1e-3, atol=0.5)


def test_boxes_that_are_no_faces_are_left_out(files: Path, tmp_path: Path, picture: np.ndarray) -> None:
    torch.save(Fixture("s3fd").weights, tmp_path / "s3fd.pth")
    wild = FaceAlignmentDetector(tmp_path / "s3fd.pth", files / "2DFAN4.pth.tar", tmp_path / "hub", RUNTIME)
    assert max(np.ptp(box[:4]) for box in wild._net.face_detector.detect_from_image(picture)) > 10_000
    assert all(np.ptp(face.box) < 2000 for face in wild.detect(picture, SURE))


def test_keypoints_are_eyes_then_landmarks(detector: FaceAlignmentDetector, picture: np.ndarray) -> None:
    face = detector.detect_batch([picture], SURE)[0][0]
    assert face.keypoints.shape == (70, 2)
    landmarks = face.keypoints[2:]
    np.testing.assert_allclose(face.keypoints[0], landmarks[RIGHT_EYE].mean(0))
    np.testing.assert_allclose(face.keypoints[1], landmarks[LEFT_EYE].mean(0))


def test_large_pictures_are_shrunk_and_places_led_back(
    detector: FaceAlignmentDetector, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = np.repeat(np.repeat(picture, 2, 0), 2, 1)
    monkeypatch.setattr(base, "LONGEST", picture.shape[1])
    found = detector.detect(large, SURE)
    plain = detector.detect(picture, SURE)
    assert len(found) == len(plain) > 0
    for one, other in zip(found, plain, strict=True):
        np.testing.assert_allclose(one.box, 2 * other.box)
        np.testing.assert_allclose(one.keypoints, 2 * other.keypoints)


def test_other_files_are_refused(files: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsCorrupt, match=r"2DFAN4\.pth\.tar is not a file of S3fdNet: it lacks"):
        FaceAlignmentDetector(files / "2DFAN4.pth.tar", files / "s3fd.pth", tmp_path, RUNTIME)
    torch.save({f"module.{key}": v for key, v in Fixture("fan").weights.items()}, tmp_path / "old.pth.tar")
    with pytest.raises(WeightsCorrupt, match=r"cannot read s3fd\.pth and old\.pth\.tar as they are laid out"):
        FaceAlignmentDetector(files / "s3fd.pth", tmp_path / "old.pth.tar", tmp_path / "hub", RUNTIME)


class Code:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("bad", ["s3fd.pth", "2DFAN4.pth.tar"])
def test_code_in_files_never_runs(files: Path, tmp_path: Path, bad: str) -> None:
    torch.save({"conv1_1.weight": Code(tmp_path / "ran")}, tmp_path / bad)
    boxes, landmarks = (
        tmp_path / name if name == bad else files / name for name in ("s3fd.pth", "2DFAN4.pth.tar")
    )
    with pytest.raises(WeightsCorrupt, match=f"{re.escape(bad)} cannot be read .* never run"):
        FaceAlignmentDetector(boxes, landmarks, tmp_path / "hub", RUNTIME)
    assert not (tmp_path / "ran").exists()


def test_what_is_staged_stays(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"1")
    (tmp_path / "second").write_bytes(b"2")
    for name in ("first", "second"):
        stage(tmp_path / "hub", {"file": tmp_path / name})
    assert os.listdir(tmp_path / "hub" / "checkpoints") == ["file"]
    assert (tmp_path / "hub" / "checkpoints" / "file").read_bytes() == b"1"
