"""The detector of a name, of those that need torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lipsync_ray.faces.detector import Detector
from lipsync_ray.faces.detectors.base import LONGEST
from lipsync_ray.faces.detectors.fan import FaceAlignmentDetector
from lipsync_ray.faces.detectors.retinaface import RetinaFace
from lipsync_ray.faces.detectors.s3fd import S3FD
from lipsync_ray.faces.settings import DetectorName
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings

__all__ = ["LONGEST", "load_detector"]


def load_detector(name: DetectorName, paths: Mapping[str, Path], folder: Path) -> Detector:
    """Load a detector, on the CPU: scans run in many processes, which would each fill the GPU.

    Args:
        name: any but ``embedded``.
        paths: weight files by their names in the registry.
        folder: where files may be staged for a package that looks for them by name.

    Raises:
        WeightsCorrupt: a file holds something else.
        DependencyMissing: the package face-alignment is not installed.
    """
    runtime = Runtime(ComputeSettings(device="cpu"), threads=1)  # a scan has a process for every core
    if name == "retinaface":
        return RetinaFace.load(paths["retinaface_r50"], "resnet50", runtime)
    if name == "retinaface_mobilenet":
        return RetinaFace.load(paths["retinaface_mobilenet"], "mobilenet", runtime)
    if name == "s3fd":
        return S3FD.load(paths["s3fd"], runtime)
    boxes, landmarks = paths["s3fd"], paths["fan_state"]
    return FaceAlignmentDetector(boxes, landmarks, folder / _staging(boxes, landmarks), runtime)


def _staging(*paths: Path) -> str:
    """A folder for these files as they are now; others get another one."""
    stats = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return f"face_alignment-{hashlib.sha256(repr(stats).encode()).hexdigest()[:16]}"
