"""The upper face with another expression: something changes there, and nothing around the mouth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.engines.base import FaceBatch, Resources, Window
from lipsync_ray.engines.video_retalking.calm import Calmer
from lipsync_ray.engines.video_retalking.expression import template_of
from lipsync_ray.engines.video_retalking.upper import UpperFace
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.weights.store import WeightStore
from tests.conftest import ROOT
from tests.parity.checkpoints import write_checkpoints

BOX = np.array([[20.3, 10.0, 148.3, 170.0]])


def resources() -> Resources:
    return Resources(
        weights=WeightStore(), compute=ComputeSettings(), enhance=EnhanceSettings(), blend=BlendSettings()
    )


def batch(strength: float) -> FaceBatch:
    frames = np.random.default_rng(6).integers(60, 200, (1, 190, 170, 3)).astype(np.uint8)
    nowhere = np.zeros((1, 468, 3), np.float32)
    return FaceBatch(
        frames=frames,
        landmarks=nowhere,
        time=np.zeros(1),
        number=np.zeros(1, int),
        window=Window(start=0, landmarks=nowhere, breaks=np.ones(1, bool)),
        cues={"strength": np.array([strength], np.float32)},
        shared={},
        output=frames.copy(),
        mask=np.zeros(frames.shape[:3], np.uint8),
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoints(tmp_path_factory.mktemp("checkpoints"), "ganimation") / "30_net_gen.pth"


def test_only_the_upper_face_changes(weights: Path) -> None:
    given = batch(1.0)
    edited = UpperFace("surprise", weights, resources()).edit(given, BOX)
    assert edited.output is not None
    assert edited.mask is not None
    changed = (edited.output != given.frames).any(3)[0]
    assert changed[25:70, 40:130].mean() > 0.5
    assert not changed[90:].any()  # from the middle of the box on
    assert not changed[:, :20].any()
    assert np.array_equal(changed, edited.mask[0] > 0)


def test_expressions_differ_and_no_strength_is_no_change(weights: Path) -> None:
    one, other = (UpperFace(name, weights, resources()).edit(batch(1.0), BOX) for name in ("sad", "angry"))
    assert one.output is not None
    assert other.output is not None
    assert (one.output != other.output).any()
    given = batch(0.0)
    left = UpperFace("angry", weights, resources()).edit(given, BOX)
    assert left.output is not None
    assert np.array_equal(left.output, given.frames)


class Measured(Calmer):
    """A calmer whose network is replaced by the mean of what it is shown."""

    def __init__(self) -> None:
        super().__init__({}, resources())

    def measure(self, heads: np.ndarray, points: np.ndarray) -> np.ndarray:
        assert heads.shape == (1, 256, 256, 3)
        assert points.shape == (1, 68, 2)
        assert (points > 20).all()  # the face lies inside the square
        assert (points < 236).all()
        return np.full((1, 73), heads.mean(), np.float32)


def test_a_template_is_named_or_a_pictures_own(tmp_path: Path) -> None:
    savemat(
        tmp_path / "expression.mat",
        {"expression_center": np.ones((1, 64)), "expression_mouth": 2 * np.ones((1, 70))},
    )
    paths = {"vrt_expression": tmp_path / "expression.mat"}
    for name, value in (("neutral", 1), ("smile", 2)):
        found = template_of(name, paths, Measured(), WeightStore())
        assert found.shape == (64,)
        assert (found == value).all()
    portrait = str(ROOT / "examples" / "portrait.png")
    assert template_of(portrait, {}, Measured(), WeightStore()).shape == (64,)


def test_a_template_without_a_face_is_told(tmp_path: Path) -> None:
    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(FaceNotFound, match="exp_img"):
        template_of(str(grey), {}, Measured(), WeightStore())
    with pytest.raises(ConfigError, match="no picture file"):
        template_of(str(tmp_path / "none.png"), {}, Measured(), WeightStore())
