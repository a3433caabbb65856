"""SyncNet against what the original made of the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lipsync_ray.engines.wav2lip.syncnet import SyncNet, load_syncnet
from lipsync_ray.errors import WeightsCorrupt
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture

fixture = Fixture("syncnet")


@pytest.fixture
def net() -> SyncNet:
    made = SyncNet().eval()
    made.load_state_dict(fixture.weights)
    return made


@torch.inference_mode()
def features(net: SyncNet, **changed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    given = fixture.inputs() | changed
    return net(given["mel"], given["face"])


def test_sees_and_hears_as_the_original_does(net: SyncNet) -> None:
    audio, face = features(net)
    fixture.check("audio", audio)
    fixture.check("face", face)
    torch.testing.assert_close(audio.norm(dim=1), torch.ones(2))


def test_slips_are_noticed(net: SyncNet) -> None:
    given = fixture.inputs()
    audio, face = features(net, mel=given["mel"].flip(2), face=given["face"].flip(1))
    assert fixture.differs("audio", audio)
    assert fixture.differs("face", face)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
    audio, face = features(net)
    assert fixture.differs("audio", audio)
    assert fixture.differs("face", face)


def test_reads_the_published_layout_and_refuses_others(tmp_path: Path) -> None:
    path = write_checkpoints(tmp_path, "syncnet") / "lipsync_expert.pth"
    net = load_syncnet(path)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())
    audio, face = features(net)
    fixture.check("audio", audio)
    fixture.check("face", face)
    torch.save({"state_dict": {"face_encoder.0.weight": torch.zeros(3)}}, path)
    with pytest.raises(WeightsCorrupt, match=r"lipsync_expert\.pth is not a file of SyncNet: it lacks"):
        load_syncnet(path)
