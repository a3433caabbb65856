"""The two models of a scan, loaded where the scan runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import DependencyMissing
from lipsync_ray.faces import mesh_split
from lipsync_ray.faces.detector import INPUT, BlazeFaceFullRange, Detector
from lipsync_ray.faces.mesh import FaceMesh
from lipsync_ray.faces.settings import DetectorName, FaceSettings
from lipsync_ray.weights.store import WeightStore

DETECTOR, MESH = "face_detector", "face_mesh"  # names in the weights registry
_WEIGHTS: dict[DetectorName, tuple[str, ...]] = {
    "embedded": (DETECTOR,),
    "retinaface": ("retinaface_r50",),
    "retinaface_mobilenet": ("retinaface_mobilenet",),
    "s3fd": ("s3fd",),
    "face_alignment": ("s3fd", "fan_state"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceModels:
    """Loaded models; of one process and one thread."""

    detector: Detector
    mesh: FaceMesh
    shown: int = INPUT  # px, what the detector is shown of a picture's longer side, at least


def weight_names(settings: FaceSettings) -> list[str]:
    """Names in the weights registry of what a scan with these settings needs."""
    return [*_WEIGHTS[settings.detector], MESH]


def load_models(store: WeightStore, settings: FaceSettings | None = None) -> FaceModels:
    """Load detector and mesh, fetching weights if they are absent and cutting the mesh model once.

    Args:
        store: where the weights are.
        settings: choose the detector; None: the embedded one.

    Raises:
        WeightsMissing, WeightsCorrupt, LicenseRefused: see :class:`WeightStore`.
        DependencyMissing: the detector needs PyTorch, or the package face-alignment, which is not installed.
    """
    name = (settings or FaceSettings()).detector
    mesh = load_mesh(store)
    if name == "embedded":
        return FaceModels(detector=BlazeFaceFullRange(store.path(DETECTOR)), mesh=mesh)
    try:  # imported here, for most scans need no torch
        from lipsync_ray.faces.detectors.chosen import LONGEST, load_detector
    except ImportError as error:
        raise DependencyMissing(
            f"face.detector={name} needs {error.name}: pip install 'lipsync-ray[neural]'"
        ) from error
    detector = load_detector(name, {weight: store.path(weight) for weight in _WEIGHTS[name]}, store.folder)
    return FaceModels(detector=detector, mesh=mesh, shown=LONGEST)


def fetch_models(store: WeightStore, settings: FaceSettings) -> None:
    """See that all is there that ``load_models`` takes, and raise as it does."""
    if settings.detector == "embedded":  # the others need packages too, which only loading shows
        _mesh_files(store)
        store.path(DETECTOR)
    else:
        load_models(store, settings)


def load_mesh(store: WeightStore) -> FaceMesh:
    """The mesh alone, cut from its model once. Raises as ``load_models``."""
    return FaceMesh(*_mesh_files(store))


def _mesh_files(store: WeightStore) -> tuple[Path, Path]:
    source = store.path(MESH)
    key = f"{store.digest(MESH)[:16]}-v{mesh_split.VERSION}"
    backbone = store.derive(
        f"face_mesh.{key}.backbone.tflite", lambda to: mesh_split.write_backbone(source, to)
    )
    lips = store.derive(f"face_mesh.{key}.lips.tflite", lambda to: mesh_split.write_lips(source, to))
    return backbone, lips
