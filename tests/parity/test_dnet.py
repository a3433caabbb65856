"""D-Net against what the original made of the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lipsync_ray.engines.video_retalking import dnet_edit, dnet_warp
from lipsync_ray.engines.video_retalking.dnet import DNet, DNetOutput, load_dnet, warp
from lipsync_ray.errors import WeightsCorrupt
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    fixture: Fixture
    net: DNet
    image: Tensor
    told: Tensor
    made: DNetOutput


@pytest.fixture(scope="module")
def dnet() -> Iterator[Edited]:
    fixture = Fixture("dnet")
    net = DNet().eval()
    net.load_state_dict(fixture.weights)
    image, window = fixture.inputs()["image"], fixture.inputs()["coeff"]
    with torch.inference_mode():
        yield Edited(
            fixture=fixture, net=net, image=image, told=net.mapping_net(window), made=net(image, window)
        )


def test_edits_as_the_original_does(dnet: Edited) -> None:
    dnet.fixture.check("flow_field", dnet.made.flow_field)
    dnet.fixture.check("warp_image", dnet.made.warp_image)
    dnet.fixture.check("fake_image", dnet.made.fake_image)


def test_notices_another_convention_of_sampling(dnet: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    sample, flow = functional.grid_sample, dnet.made.flow_field
    dnet.fixture.check("warp_image", warp(dnet.image, flow))
    assert dnet.fixture.differs("warp_image", warp(dnet.image, flow.flip(1)))
    monkeypatch.setattr(functional, "grid_sample", lambda x, grid, **_: sample(x, grid, align_corners=True))
    assert dnet.fixture.differs("warp_image", warp(dnet.image, flow))


def test_notices_another_slope(dnet: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    dnet.fixture.check("flow_field", dnet.net.warpping_net(dnet.image, dnet.told))
    monkeypatch.setattr(dnet_warp, "SLOPE", 0.2)
    assert dnet.fixture.differs("flow_field", dnet.net.warpping_net(dnet.image, dnet.told))


def test_notices_blocks_that_chain_their_halves(dnet: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    def chained(block: dnet_edit.EditingBlock, x: Tensor, told: Tensor) -> Tensor:
        first = functional.leaky_relu(block.norm1(block.conv1(x), told), 0.1)
        return x + block.norm2(block.conv2(first), told)

    monkeypatch.setattr(dnet_edit.EditingBlock, "forward", chained)
    made = dnet.net.editing_net(dnet.image, dnet.made.warp_image, dnet.told)
    assert dnet.fixture.differs("fake_image", made)


def test_reads_the_published_layout_and_refuses_others(dnet: Edited, tmp_path: Path) -> None:
    path = write_checkpoints(tmp_path, "dnet") / "DNet.pt"
    loaded = load_dnet(path).state_dict()
    assert loaded.keys() == dnet.fixture.weights.keys()
    assert all(torch.equal(loaded[key], value) for key, value in dnet.fixture.weights.items())
    torch.save({"net_G_ema": dict(list(dnet.fixture.weights.items())[1:])}, path)
    with pytest.raises(WeightsCorrupt, match=r"DNet\.pt is not a file of DNet: it lacks mapping_net\.first"):
        load_dnet(path)
