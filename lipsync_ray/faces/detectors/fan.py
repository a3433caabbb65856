"""The package face-alignment as a detector: its S3FD finds boxes, its FAN the landmarks."""

from __future__ import annotations

import os
import pickle
import secrets
import shutil
import threading
from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from lipsync_ray.errors import DependencyMissing, WeightsCorrupt
from lipsync_ray.faces.detector import Detection
from lipsync_ray.faces.detectors.base import LONGEST, enlargement, fitted_size
from lipsync_ray.faces.detectors.fan_net import load_fan
from lipsync_ray.faces.detectors.s3fd_net import load_s3fd
from lipsync_ray.neural.runtime import Runtime

BATCH = 16  # faces through FAN at once
CANDIDATE = 0.05  # the package itself looks at nothing below
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # of the 68 landmarks, named from the person's own sides
LANDMARKS_FILE = "2DFAN4-11f355bf06.pth.tar"  # what the package asks torch's hub for, and fetches if absent
_hub = threading.Lock()  # where torch's hub lies is the process's, not ours


class FaceAlignmentDetector:
    """Boxes of S3FD and, as keypoints, the middles of the eyes and then all 68 landmarks of FAN.

    Args:
        boxes: S3FD's weights.
        landmarks: FAN's weights, the file without code.
        staging: a folder of our own where the package will look for the landmarks' file.
        runtime: the device.

    Raises:
        DependencyMissing: the package is not installed, or too old.
        WeightsCorrupt: the files are others.
    """

    def __init__(self, boxes: Path, landmarks: Path, staging: Path, runtime: Runtime) -> None:
        package = _package()
        load_s3fd(boxes)  # ours say what is wrong with a file, and run no code in it
        load_fan(landmarks)
        stage(staging, {LANDMARKS_FILE: landmarks})
        with _hub:
            before = torch.hub.get_dir()
            torch.hub.set_dir(str(staging))
            try:
                self._net = _build(package, boxes, runtime.device.type)
            except (RuntimeError, pickle.UnpicklingError) as error:
                # FAN's file of older releases, or one that still has a prefix before its keys.
                raise WeightsCorrupt(
                    f"face-alignment cannot read {boxes.name} and {landmarks.name} as they are laid out"
                ) from error
            finally:
                torch.hub.set_dir(before)

    def detect(self, rgb: np.ndarray, min_score: float) -> list[Detection]:
        """Faces in ``uint8[H,W,3]`` of any size with at least this score, best first."""
        height, width = rgb.shape[:2]
        small = fitted_size(height, width)
        shown = cv2.resize(rgb, small[::-1], interpolation=cv2.INTER_AREA) if small != rgb.shape[:2] else rgb
        self._net.face_detector.filter_threshold = max(min_score, CANDIDATE)
        boxes = self._net.face_detector.detect_from_image(shown.copy())
        found = [box for box in boxes if box[4] >= min_score and _can_be_cut(box, *small)]
        if not found:
            return []
        points = self._net.get_landmarks_from_image(shown, detected_faces=found)
        scale = enlargement(height, width)
        made = [_detection(box, np.asarray(seen), scale) for box, seen in zip(found, points, strict=True)]
        return sorted(made, key=lambda face: -face.score)

    def detect_batch(self, pictures: Sequence[np.ndarray], min_score: float) -> list[list[Detection]]:
        """Faces of many pictures, one after the other: the package mixes up those of a batch."""
        return [self.detect(rgb, min_score) for rgb in pictures]


def stage(folder: Path, files: dict[str, Path]) -> None:
    """Give files the names and the place under ``folder`` that torch's hub looks for.

    Links where the file system has them, copies else; what is there already stays.
    """
    home = folder / "checkpoints"
    home.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        target = home / name
        if target.is_file():
            continue
        fresh = home / f".{name}.{secrets.token_hex(8)}"
        try:
            fresh.symlink_to(path.resolve())
        except OSError:
            shutil.copyfile(path, fresh)
        os.replace(fresh, target)


def _package() -> Any:
    command = "pip install -U 'lipsync-ray[fan,neural]'"
    try:
        package = import_module("face_alignment")
    except ImportError as error:
        raise DependencyMissing(f"face.detector=face_alignment needs {error.name}: {command}") from error
    if "max_batch_size" not in signature(package.FaceAlignment.__init__).parameters:  # 1.4 and before
        raise DependencyMissing(f"face.detector=face_alignment needs face-alignment 1.5 or newer: {command}")
    return package


def _build(package: Any, boxes: Path, device: str) -> Any:
    return package.FaceAlignment(
        package.LandmarksType.TWO_D,
        device=device,
        compile=False,  # or it compiles for minutes, once per process
        max_batch_size=BATCH,
        face_detector="sfd",
        # Given by path it is read as data; what the hub holds would be unpickled, code and all.
        face_detector_kwargs={"path_to_detector": str(boxes)},
    )


def _can_be_cut(box: np.ndarray, height: int, width: int) -> bool:
    """The package takes memory for the whole square around a face, however far it reaches outside."""
    x, y = (box[:2] + box[2:4]) / 2
    sides = box[2:4] - box[:2]
    return bool(0 <= x < width and 0 <= y < height and 1 <= sides.min() <= sides.max() <= 2 * LONGEST)


def _detection(box: np.ndarray, points: np.ndarray, scale: np.ndarray) -> Detection:
    points = points.astype(np.float64)
    eyes = np.stack([points[RIGHT_EYE].mean(0), points[LEFT_EYE].mean(0)])
    return Detection(
        box=np.asarray(box[:4], np.float64) * np.tile(scale, 2),
        score=float(box[4]),
        keypoints=np.concatenate([eyes, points]) * scale,
    )
