"""The detector of one's choice is loaded, gives its name to the scan, and says what it lacks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

from lipsync_ray.errors import DependencyMissing, WeightsCorrupt
from lipsync_ray.faces.detector import BlazeFaceFullRange
from lipsync_ray.faces.detectors.base import LONGEST
from lipsync_ray.faces.models import load_models, weight_names
from lipsync_ray.faces.scan import scan, scan_name
from lipsync_ray.faces.settings import DetectorName, FaceSettings
from lipsync_ray.media.index import build_table
from lipsync_ray.weights.registry import Registry
from lipsync_ray.weights.store import WeightStore
from tests.parity.checkpoints import write_checkpoints

NAMES: tuple[DetectorName, ...] = get_args(DetectorName)
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from lipsync_ray.errors import DependencyMissing
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.weights.store import WeightStore
load_models(WeightStore(), FaceSettings())
try:
    load_models(WeightStore(), FaceSettings(detector="retinaface"))
except DependencyMissing as error:
    sys.exit(str(error))
"""


@pytest.fixture
def own(weights: WeightStore, tmp_path: Path) -> WeightStore:
    """Files with the published names and the fixtures' weights."""
    folder = write_checkpoints(tmp_path, "retinaface_r50", "retinaface_mnet", "s3fd")
    (folder / "2DFAN4-11f355bf06.pth.tar").write_bytes(b"no weights")
    return replace(weights, directory=str(folder), trust=True)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("embedded", "face_alignment")])
def test_the_chosen_detector_is_loaded(own: WeightStore, name: DetectorName) -> None:
    made = load_models(own, FaceSettings(detector=name))
    assert made.shown == LONGEST
    found = made.detector.detect(np.full((64, 96, 3), 90, np.uint8), 0.3)
    assert all(0.3 <= face.score <= 1 and face.keypoints.shape[0] >= 2 for face in found)


def test_the_embedded_one_needs_no_choice(weights: WeightStore) -> None:
    made = load_models(weights)
    assert isinstance(made.detector, BlazeFaceFullRange)
    assert made.shown < LONGEST


def test_torch_is_asked_for_only_by_those_that_need_it(weights: WeightStore) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith(
        "face.detector=retinaface needs torch: pip install 'lipsync-ray[neural]'"
    )


def test_face_alignment_says_what_it_lacks(own: WeightStore) -> None:
    settings = FaceSettings(detector="face_alignment")
    if find_spec("face_alignment"):
        with pytest.raises(WeightsCorrupt, match=r"2DFAN4.*\.pth\.tar cannot be read"):
            load_models(own, settings)
    else:
        with pytest.raises(DependencyMissing, match=r"pip install -U 'lipsync-ray\[fan,neural\]'"):
            load_models(own, settings)


def test_face_alignment_of_old_is_told_apart(
    own: WeightStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = "class FaceAlignment:\n    def __init__(self, landmarks_type, device='cuda'): ...\n"
    (tmp_path / "face_alignment.py").write_text(made, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "face_alignment", raising=False)
    with pytest.raises(DependencyMissing, match=r"needs face-alignment 1\.5 or newer: pip install -U"):
        load_models(own, FaceSettings(detector="face_alignment"))
    del sys.modules["face_alignment"]


def test_every_detector_has_weights_that_are_known() -> None:
    registry = Registry.load()
    for name in NAMES:
        names = weight_names(FaceSettings(detector=name))
        assert len(names) >= 2
        assert all(registry.entry(weight).file for weight in names)


def test_scans_of_other_detectors_and_other_files_have_other_names(own: WeightStore, tmp_path: Path) -> None:
    names = {scan_name("video", FaceSettings(detector=name), own) for name in NAMES}
    assert len(names) == len(NAMES)
    settings = FaceSettings(detector="s3fd")
    before = scan_name("video", settings, own)
    assert scan_name("video", settings, own) == before
    with (tmp_path / "s3fd.pth").open("ab") as file:
        file.write(b"other")
    assert scan_name("video", settings, own) != before


def test_a_scan_runs_with_it(
    own: WeightStore, portrait: np.ndarray, write_clip: Callable[..., Path], tmp_path: Path
) -> None:
    small = cv2.resize(portrait, (240, 240), interpolation=cv2.INTER_AREA)
    table = build_table(write_clip("detected", [small] * 3))
    settings = FaceSettings(detector="retinaface_mobilenet", min_score=0.97)
    found = scan(table, tmp_path / "scan", settings, weights=own)
    assert len(found) == 3
