"""RetinaFace as a detector: places, scores and points in pixels of the pictures as they came."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from lipsync_ray.faces.detectors.base import LONGEST
from lipsync_ray.faces.detectors.priors import priors
from lipsync_ray.faces.detectors.retinaface import RetinaFace
from lipsync_ray.faces.detectors.retinaface_net import load_retinaface
from lipsync_ray.faces.follow import Follower
from lipsync_ray.faces.models import FaceModels
from lipsync_ray.faces.roi import MARGIN, roi_from_detection
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings
from tests.faces.known_nets import Known, by_picture, marked
from tests.parity.checkpoints import write_checkpoints

RUNTIME = Runtime(ComputeSettings(device="cpu"), threads=1)
BATCHED = Runtime(ComputeSettings(device="cpu", batch=3), threads=1)


def known(runtime: Runtime = RUNTIME) -> tuple[RetinaFace, Known]:
    def say(pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        boxes, scores, points = by_picture(pictures, priors(*pictures.shape[2:]))
        return boxes, scores.softmax(-1), points

    net = Known(say)
    return RetinaFace(cast(Any, net), runtime), net


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [
        (300, 400, (40, 60, 140, 190)),  # as it is
        (720, 1280, (800, 120, 1000, 380)),  # shrunk by 2
        (1000, 700, (101, 203, 420, 611)),  # by a fraction, upright
        (20, 24, (3, 4, 19, 18)),  # filled up
    ],
)
def test_places_are_those_of_the_picture(height: int, width: int, box: tuple[int, int, int, int]) -> None:
    detector, net = known()
    found = detector.detect(marked(height, width, box), 0.5)
    assert len(found) == 1
    assert max(net.shapes[0][2:]) <= LONGEST
    pixel = max(height, width) / LONGEST + 0.01  # of the shrunk picture
    np.testing.assert_allclose(found[0].box, box, atol=pixel if pixel > 1 else 0.01)
    right_eye, left_eye = found[0].keypoints[:2]
    assert right_eye[0] < left_eye[0]  # the person's right is on our left
    want = box[0] + 0.3 * (box[2] - box[0]), box[1] + 0.4 * (box[3] - box[1])
    np.testing.assert_allclose(right_eye, want, atol=pixel)
    assert found[0].score > 0.99


def test_batches_of_several_sizes_come_back_in_order() -> None:
    boxes = [(40 + 10 * n, 60, 140 + 10 * n, 190) for n in range(5)]
    pictures = [marked(300, 400 if n % 2 else 420, box) for n, box in enumerate(boxes)]
    pictures.insert(2, np.full((300, 400, 3), 40, np.uint8))
    detector, net = known(BATCHED)
    found = detector.detect_batch(pictures, 0.5)
    assert [len(faces) for faces in found] == [1, 1, 0, 1, 1, 1]
    for faces, box in zip([faces for faces in found if faces], boxes, strict=True):
        np.testing.assert_allclose(faces[0].box, box, atol=0.01)
    assert net.shapes == [(3, 3, 300, 420), (3, 3, 300, 400)]
    assert detector.detect_batch([], 0.5) == []


def test_square_of_the_mesh_surrounds_the_face() -> None:
    face = known()[0].detect(marked(300, 400, (40, 60, 140, 190)), 0.5)[0]
    roi = roi_from_detection(face.box, face.keypoints)
    assert (roi.x, roi.y) == (pytest.approx(90, abs=0.1), pytest.approx(125, abs=0.1))
    assert roi.side == pytest.approx(MARGIN * 130, abs=0.1)
    assert roi.angle == pytest.approx(0, abs=1e-3)


def test_follower_starts_on_the_face(models: FaceModels, portrait: np.ndarray) -> None:
    """A detector that sees the portrait's face where it is, in a picture that is shown shrunk."""
    layout = PixelLayout()
    planes = planes_from_rgb(np.tile(portrait, (1, 3, 1)), layout)
    frame = Frame(index=0, planes=planes, layout=layout)
    found = Follower(models, FaceSettings()).step(frame, cut=True)
    told = FaceModels(detector=Told(found[0].box), mesh=models.mesh, shown=LONGEST)
    seen = Follower(told, FaceSettings()).step(frame, cut=True)
    assert [face.face for face in seen] == [0]
    np.testing.assert_allclose(seen[0].box, found[0].box, atol=4)


class Told:
    def __init__(self, box: np.ndarray) -> None:
        self.box = box

    def detect(self, rgb: np.ndarray, min_score: float) -> list[Any]:
        assert rgb.shape[1] == 768  # 1536 px halved: more than LONGEST
        x0, y0, x1, y1 = (int(side) for side in self.box / 2)
        detection = known()[0].detect(marked(rgb.shape[0], rgb.shape[1], (x0, y0, x1, y1)), min_score)[0]
        return [replace(detection, score=0.9)]


def test_real_network_alone_and_in_a_batch(tmp_path: Path, portrait: np.ndarray) -> None:
    write_checkpoints(tmp_path, "retinaface_mnet")
    net = load_retinaface(tmp_path / "detection_mobilenet0.25_Final.pth", "mobilenet")
    pictures = [portrait, portrait[::-1], portrait[:, ::-1]]
    detector = RetinaFace(net, BATCHED)
    alone = [detector.detect(picture, 0.9) for picture in pictures]
    assert sum(map(len, alone)) > 10  # its weights are noise, and so are its faces
    for one, other in zip(alone, detector.detect_batch(pictures, 0.9), strict=True):
        assert abs(len(one) - len(other)) <= 1
        np.testing.assert_allclose(one[0].box, other[0].box, atol=0.05)
        np.testing.assert_allclose(one[0].keypoints, other[0].keypoints, atol=0.05)
