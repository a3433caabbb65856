"""GANimation against what the original made of the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lipsync_ray.engines.video_retalking.ganimation import GANimation, ResidualBlock, load_ganimation
from lipsync_ray.errors import WeightsCorrupt
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    fixture: Fixture
    net: GANimation
    image: Tensor
    units: Tensor


@pytest.fixture(scope="module")
def ganimation() -> Iterator[Moved]:
    fixture = Fixture("ganimation")
    net = GANimation().eval()
    net.load_state_dict(fixture.weights)
    given = fixture.inputs()
    with torch.inference_mode():
        yield Moved(fixture=fixture, net=net, image=given["image"], units=given["aus"])


def test_moves_faces_as_the_original_does(ganimation: Moved) -> None:
    colour, own = ganimation.net(ganimation.image, ganimation.units)
    ganimation.fixture.check("color", colour)
    ganimation.fixture.check("mask", own)
    ganimation.fixture.check("fake", ganimation.net.edit(ganimation.image, ganimation.units))


def test_notices_colours_where_the_picture_should_stay(ganimation: Moved) -> None:
    colour, own = ganimation.net(ganimation.image, ganimation.units)
    assert ganimation.fixture.differs("fake", (1 - own) * ganimation.image + own * colour)


def test_notices_other_units(ganimation: Moved) -> None:
    colour, own = ganimation.net(ganimation.image, ganimation.units.flip(1))
    assert ganimation.fixture.differs("color", colour)
    assert ganimation.fixture.differs("mask", own)


def test_notices_an_activation_after_the_sum(ganimation: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(block: ResidualBlock, x: Tensor) -> Tensor:
        return torch.relu(x + block.conv_block(x))

    monkeypatch.setattr(ResidualBlock, "forward", wrong)
    assert ganimation.fixture.differs("mask", ganimation.net(ganimation.image, ganimation.units)[1])


def test_reads_the_published_layout_and_refuses_others(ganimation: Moved, tmp_path: Path) -> None:
    path = write_checkpoints(tmp_path, "ganimation") / "30_net_gen.pth"
    weights = ganimation.fixture.weights
    torch.save({**weights, "model.1.num_batches_tracked": torch.zeros(())}, path)
    loaded = load_ganimation(path).state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[key], value) for key, value in weights.items())
    torch.save({"model.0.weight": weights["model.0.weight"]}, path)
    with pytest.raises(WeightsCorrupt, match=r"30_net_gen\.pth is not a file of GANimation: it lacks"):
        load_ganimation(path)
