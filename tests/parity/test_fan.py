"""FAN's heat maps against the authors' own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lipsync_ray.faces.detectors.fan_net import FanNet, load_fan, peaks
from tests.parity.fixture import Fixture

fixture = Fixture("fan")


@pytest.fixture
def net() -> FanNet:
    made = FanNet().eval()
    made.load_state_dict(fixture.weights)
    return made


@torch.inference_mode()
def check(net: FanNet) -> None:
    maps = net(fixture.inputs()["face"])
    fixture.check("maps", maps)
    fixture.check("peaks", peaks(maps)[0])


def test_network(net: FanNet) -> None:
    check(net)


def test_both_kinds_of_files_load(tmp_path: Path, net: FanNet) -> None:
    torch.save({f"module.{key}": value for key, value in fixture.weights.items()}, tmp_path / "old.pth.tar")
    check(load_fan(tmp_path / "old.pth.tar"))
    traced = torch.jit.trace(net, fixture.inputs()["face"], check_trace=False)
    torch.jit.save(traced, tmp_path / "2DFAN4.zip")
    check(load_fan(tmp_path / "2DFAN4.zip"))


@torch.inference_mode()
def test_slips_are_noticed(net: FanNet) -> None:
    face = fixture.inputs()["face"]
    assert fixture.differs("maps", net(face.flip(1)))  # BGR
    flipped = peaks(net(face.flip(3)))[0]
    assert fixture.differs("peaks", flipped)
    net.m0, net.m1 = net.m1, net.m0
    assert fixture.differs("maps", net(face))
