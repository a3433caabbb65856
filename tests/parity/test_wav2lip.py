"""Wav2Lip's generator against the authors' own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lipsync_ray.engines.wav2lip.generator import Wav2LipGenerator, load_generator
from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.folding import fold_batch_norm
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture

fixture = Fixture("wav2lip")


@pytest.fixture
def net() -> Wav2LipGenerator:
    made = Wav2LipGenerator().eval()
    made.load_state_dict(fixture.weights)
    return made


@torch.inference_mode()
def made_by(net: torch.nn.Module, **changed: torch.Tensor) -> torch.Tensor:
    given = fixture.inputs() | changed
    return net(given["mel"], given["face"])


def test_generator(net: Wav2LipGenerator) -> None:
    fixture.check("out", made_by(net))
    fixture.check("out", made_by(fold_batch_norm(net)))
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())


def test_slips_are_noticed(net: Wav2LipGenerator) -> None:
    face = fixture.inputs()["face"]
    assert fixture.differs("out", made_by(net, face=face[:, [3, 4, 5, 0, 1, 2]]))
    assert fixture.differs("out", made_by(net, mel=fixture.inputs()["mel"].flip(2)))
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
    assert fixture.differs("out", made_by(net))


def test_both_generations_of_files_load(tmp_path: Path, net: Wav2LipGenerator) -> None:
    write_checkpoints(tmp_path, "wav2lip")
    fixture.check("out", made_by(load_generator(tmp_path / "wav2lip_gan.pth")))
    given = fixture.inputs()
    traced = torch.jit.trace(net, (given["mel"], given["face"]))
    torch.jit.save(traced, tmp_path / "Wav2Lip-SD-GAN.pt")
    fixture.check("out", made_by(load_generator(tmp_path / "Wav2Lip-SD-GAN.pt")))


def test_another_file_is_refused_by_its_keys(tmp_path: Path) -> None:
    torch.save({"state_dict": {"module.encoder.weight": torch.zeros(3)}}, tmp_path / "wav2lip_gan.pth")
    with pytest.raises(WeightsCorrupt, match=r"wav2lip_gan\.pth is not a file of Wav2LipGenerator: it lacks"):
        load_generator(tmp_path / "wav2lip_gan.pth")
