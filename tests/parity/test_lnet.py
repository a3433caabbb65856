"""L-Net against what the original made of the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lipsync_ray.engines.video_retalking import ffc
from lipsync_ray.engines.video_retalking.attention import CrossAttention
from lipsync_ray.engines.video_retalking.lnet import LNet, load_lnet
from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.checkpoint import fold_spectral_norm, load_weights
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    fixture: Fixture
    net: LNet
    mel: Tensor
    face: Tensor

    def differs(self) -> bool:
        return self.fixture.differs("out", self.net(self.mel, self.face))


@pytest.fixture(scope="module")
def lnet() -> Iterator[Spoken]:
    fixture = Fixture("lnet")
    net = LNet().eval()
    load_weights(net, fold_spectral_norm(fixture.weights), "the fixture")
    given = fixture.inputs()
    with torch.inference_mode():
        yield Spoken(fixture=fixture, net=net, mel=given["mel"], face=given["face"])


def test_speaks_as_the_original_does(lnet: Spoken) -> None:
    lnet.fixture.check("out", lnet.net(lnet.mel, lnet.face))


def test_notices_another_slope_in_the_fourier_blocks(lnet: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffc, "_SLOPE", 0.1)
    assert lnet.differs()


def test_notices_attention_with_swapped_roles(lnet: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = CrossAttention.forward
    monkeypatch.setattr(CrossAttention, "forward", lambda net, x, y: forward(net, y, x))
    assert lnet.differs()


def test_notices_borders_of_zeros(lnet: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    pad = functional.pad
    monkeypatch.setattr(functional, "pad", lambda x, widths, mode: pad(x, widths))
    assert lnet.differs()


def test_notices_swapped_faces(lnet: Spoken) -> None:
    made = lnet.net(lnet.mel, torch.cat([lnet.face[:, 3:], lnet.face[:, :3]], 1))
    assert lnet.fixture.differs("out", made)


def test_notices_weights_whose_spectral_norm_was_forgotten(lnet: Spoken) -> None:
    weights = lnet.fixture.weights
    given = {key: value for key, value in weights.items() if not key.endswith(("_u", "_v"))}
    folded = lnet.net.state_dict()
    folded = {key: value.clone() for key, value in folded.items()}
    lnet.net.load_state_dict({key.removesuffix("_orig"): value for key, value in given.items()})
    assert lnet.differs()
    lnet.net.load_state_dict(folded)


def test_reads_the_published_layout_and_refuses_others(lnet: Spoken, tmp_path: Path) -> None:
    path = write_checkpoints(tmp_path, "lnet") / "LNet.pth"
    loaded, own = load_lnet(path).state_dict(), lnet.net.state_dict()
    assert loaded.keys() == own.keys()
    assert all(torch.equal(loaded[key], value) for key, value in own.items())
    torch.save({"state_dict": {"module.encoder.weight": torch.zeros(3)}}, path)
    with pytest.raises(WeightsCorrupt, match=r"LNet\.pth is not a file of LNet: it lacks"):
        load_lnet(path)
