"""E-Net against what the original made of the same weights, whole and by windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.engines.video_retalking.enet import NOISES, ENet, face_noise, load_enet
from lipsync_ray.engines.video_retalking.lnet import LNet
from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.checkpoint import fold_spectral_norm, load_weights
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture


class Remembered(nn.Module):
    """What L-Net made of the fixture's face, which takes seconds each time."""

    def __init__(self, low: Tensor) -> None:
        super().__init__()
        self.low = low

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        return self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    fixture: Fixture
    lnet: LNet
    net: ENet
    given: dict[str, Tensor]
    whole: Tensor
    low: Tensor

    @property
    def noise(self) -> list[Tensor]:
        return [self.given[f"noise{number}"] for number in range(4)]

    def draw(
        self, noise: list[Tensor] | None, window: tuple[int, int, int, int] | None = None
    ) -> tuple[Tensor, Tensor]:
        face = self.given["face"]
        return self.net(self.given["mel"], face, face[:, 3:], noise, window)


@pytest.fixture(scope="module")
def enet() -> Iterator[Drawn]:
    fixture, lnet = Fixture("enet"), LNet()
    load_weights(lnet, fold_spectral_norm(Fixture("lnet").weights), "L-Net's fixture")
    net = ENet(lnet).eval()
    own = {f"low_res.{key}": value for key, value in lnet.state_dict().items()}
    net.load_state_dict({**fixture.weights, **own})
    given = fixture.inputs()
    noise = [given[f"noise{number}"] for number in range(4)]
    with torch.inference_mode():
        whole, low = net(given["mel"], given["face"], given["face"][:, 3:], noise)
        net.low_res = Remembered(low)
        yield Drawn(fixture=fixture, lnet=lnet, net=net, given=given, whole=whole, low=low)


def test_draws_as_the_original_does(enet: Drawn) -> None:
    enet.fixture.check("out_noise", enet.whole)
    enet.fixture.check("low", enet.low)


def test_draws_without_noise_when_none_is_given(enet: Drawn) -> None:
    made, _ = enet.draw(None)
    enet.fixture.check("out_zero", made)
    assert enet.fixture.differs("out_noise", made)


@pytest.mark.parametrize(
    "window",
    [(160, 300, 90, 301), (0, 61, 0, 70), (331, 384, 299, 384), (201, 202, 0, 384)],
)
def test_a_window_is_that_part_of_the_whole(enet: Drawn, window: tuple[int, int, int, int]) -> None:
    y0, y1, x0, x1 = window
    part, _ = enet.draw(enet.noise, window)
    torch.testing.assert_close(part, enet.whole[..., y0:y1, x0:x1], atol=1e-5, rtol=0)


def test_a_window_must_lie_within_the_face(enet: Drawn) -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        enet.draw(None, (300, 385, 0, 384))


def test_notices_noise_in_another_order(enet: Drawn) -> None:
    first, second, third, fourth = enet.noise
    made, _ = enet.draw([second, first, third, fourth])
    assert enet.fixture.differs("out_noise", made)


def test_notices_the_style_of_another_face(enet: Drawn) -> None:
    face = enet.given["face"]
    made, _ = enet.net(enet.given["mel"], face, face[:, 3:].flip(1), enet.noise)
    assert enet.fixture.differs("out_noise", made)


def test_noise_belongs_to_the_frame() -> None:
    both, second = face_noise(3, np.array([7, 8])), face_noise(3, np.array([8]))
    assert [maps.shape for maps in both] == [(2, 1, size, size) for size in NOISES]
    for together, alone in zip(both, second, strict=True):
        np.testing.assert_array_equal(together[1], alone[0])
        assert not np.array_equal(together[0], together[1])


def test_reads_the_published_layout_and_refuses_others(enet: Drawn, tmp_path: Path) -> None:
    path = write_checkpoints(tmp_path, "enet") / "ENet.pth"
    net = load_enet(path, enet.lnet)
    assert net.low_res is enet.lnet
    own = {key: value for key, value in net.state_dict().items() if "low_res" not in key}
    assert own.keys() == enet.fixture.weights.keys()
    assert all(torch.equal(own[key], value) for key, value in enet.fixture.weights.items())
    torch.save({"state_dict": {"module.low_res.extra.weight": torch.zeros(3)}}, path)
    with pytest.raises(WeightsCorrupt, match=r"ENet\.pth is not a file of ENet: it lacks conv_body_first"):
        load_enet(path, enet.lnet)
