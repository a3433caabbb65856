"""RetinaFace on both backbones against the authors' own."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.faces.detectors.retinaface_net import (
    Backbone,
    RetinaFaceNet,
    load_retinaface,
)
from lipsync_ray.neural.resnet import fold_resnet
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture

BACKBONES: tuple[Backbone, ...] = get_args(Backbone)
FIXTURES = {"resnet50": Fixture("retinaface_r50"), "mobilenet": Fixture("retinaface_mnet")}
OUTPUTS = ("loc", "conf", "landms")


def made(backbone: Backbone) -> RetinaFaceNet:
    net = RetinaFaceNet(backbone).eval()
    net.load_state_dict(FIXTURES[backbone].weights)
    return net


@torch.inference_mode()
def check(fixture: Fixture, net: RetinaFaceNet) -> None:
    given = fixture.inputs()
    for prefix, picture in (("", given["image"]), ("odd_", given["odd"])):
        for name, found in zip(OUTPUTS, net(picture), strict=True):
            fixture.check(prefix + name, found)


@torch.inference_mode()
def differs(fixture: Fixture, net: RetinaFaceNet) -> bool:
    made = zip(OUTPUTS, net(fixture.inputs()["image"]), strict=True)
    return any(fixture.differs(name, found) for name, found in made)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_network(backbone: Backbone) -> None:
    net = made(backbone)
    check(FIXTURES[backbone], net)
    check(FIXTURES[backbone], fold_resnet(net))
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())


def test_slips_are_noticed() -> None:
    fixture, net = FIXTURES["mobilenet"], made("mobilenet")
    for module in net.fpn.modules():
        if isinstance(module, torch.nn.LeakyReLU):
            module.negative_slope = 0.0
    assert differs(fixture, net)
    net = made("mobilenet")
    net.ssh1, net.ssh2 = net.ssh2, net.ssh1
    assert differs(fixture, net)
    net = made("resnet50")
    net.BboxHead[0], net.BboxHead[1] = net.BboxHead[1], net.BboxHead[0]
    assert differs(FIXTURES["resnet50"], net)


def test_published_files_load(tmp_path: Path) -> None:
    write_checkpoints(tmp_path, "retinaface_r50", "retinaface_mnet")
    check(FIXTURES["resnet50"], load_retinaface(tmp_path / "RetinaFace-R50.pth", "resnet50"))
    small = tmp_path / "detection_mobilenet0.25_Final.pth"
    check(FIXTURES["mobilenet"], load_retinaface(small, "mobilenet"))
    with pytest.raises(WeightsCorrupt, match=r"Final\.pth is not a file of RetinaFaceNet: it lacks"):
        load_retinaface(small, "resnet50")
