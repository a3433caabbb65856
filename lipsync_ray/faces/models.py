"""The two models of a scan, loaded where the scan runs."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_ray.faces import mesh_split
from lipsync_ray.faces.detector import BlazeFaceFullRange, Detector
from lipsync_ray.faces.mesh import FaceMesh
from lipsync_ray.weights.store import WeightStore

DETECTOR, MESH = "face_detector", "face_mesh"  # names in the weights registry


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceModels:
    """Loaded models; of one process and one thread."""

    detector: Detector
    mesh: FaceMesh


def load_models(store: WeightStore) -> FaceModels:
    """Load detector and mesh, fetching weights if they are absent and cutting the mesh model once.

    Raises:
        WeightsMissing, WeightsCorrupt, LicenseRefused: see :class:`WeightStore`.
    """
    detector, source = store.path(DETECTOR), store.path(MESH)
    key = f"{store.digest(MESH)[:16]}-v{mesh_split.VERSION}"
    backbone = store.derive(
        f"face_mesh.{key}.backbone.tflite", lambda to: mesh_split.write_backbone(source, to)
    )
    lips = store.derive(f"face_mesh.{key}.lips.tflite", lambda to: mesh_split.write_lips(source, to))
    return FaceModels(detector=BlazeFaceFullRange(detector), mesh=FaceMesh(backbone, lips))
