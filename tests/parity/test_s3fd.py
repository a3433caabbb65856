"""S3FD against the authors' own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.faces.detectors.s3fd_net import S3fdNet, load_s3fd
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture

fixture = Fixture("s3fd")
NAMES = [f"{what}{level}" for level in range(6) for what in ("cls", "reg")]


@pytest.fixture
def net(tmp_path: Path) -> S3fdNet:
    return load_s3fd(write_checkpoints(tmp_path, "s3fd") / "s3fd.pth")


@torch.inference_mode()
def different(net: S3fdNet, picture: torch.Tensor) -> list[str]:
    return [name for name, found in zip(NAMES, net(picture), strict=True) if fixture.differs(name, found)]


def test_network(net: S3fdNet) -> None:
    assert different(net, fixture.inputs()["image"]) == []


def test_slips_are_noticed(net: S3fdNet) -> None:
    picture = fixture.inputs()["image"]
    assert different(net, picture.flip(1)) == NAMES  # the channels' order
    assert isinstance(net.fc6, torch.nn.Conv2d)
    net.fc6.padding = (1, 1)
    with pytest.raises(AssertionError, match="cls3 has shape"):
        fixture.check("cls3", net(picture)[6])
    with torch.no_grad():
        net.get_parameter("conv3_3_norm.weight").mul_(1.01)
    assert different(net, picture)[:2] == ["cls0", "reg0"]


def test_another_file_is_refused(tmp_path: Path) -> None:
    torch.save({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "s3fd.pth")
    with pytest.raises(WeightsCorrupt, match=r"s3fd\.pth is not a file of S3fdNet: it lacks"):
        load_s3fd(tmp_path / "s3fd.pth")
