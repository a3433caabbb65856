"""GPEN against what the original made of the same weights, whole and by windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lipsync_ray.enhance.gpen_layers import Bias, StyleConv, activated
from lipsync_ray.enhance.gpen_net import GpenNet, load_gpen
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    fixture: Fixture
    net: GpenNet
    face: Tensor
    whole: Tensor


@pytest.fixture(scope="module")
def gpen() -> Iterator[Restored]:
    fixture = Fixture("gpen")
    net = GpenNet().eval()
    net.load_state_dict(fixture.weights)
    face = fixture.inputs()["face"]
    with torch.inference_mode():
        yield Restored(fixture=fixture, net=net, face=face, whole=net(face))


def test_restores_what_the_original_restores(gpen: Restored) -> None:
    gpen.fixture.check("out", gpen.whole)
    gpen.fixture.check("latent", gpen.net.latent(gpen.net.features(gpen.face)[0]))


def test_notices_features_put_before_the_convolution(gpen: Restored, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Bias, x: Tensor) -> Tensor:
        return activated(x.roll(x.shape[1] // 2, 1), self.bias)

    for layer in gpen.net.generator.modules():
        if isinstance(layer, StyleConv):
            monkeypatch.setattr(layer.activate, "forward", partial(wrong, layer.activate))
    assert gpen.fixture.differs("out", gpen.net(gpen.face))


@pytest.mark.parametrize(
    "window", [(272, 480, 128, 384), (0, 61, 0, 70), (471, 512, 399, 512), (201, 202, 0, 512)]
)
def test_a_window_is_that_part_of_the_whole(gpen: Restored, window: tuple[int, int, int, int]) -> None:
    y0, y1, x0, x1 = window
    part = gpen.net(gpen.face, window=window)
    largest = float(gpen.whole.abs().max())
    torch.testing.assert_close(part, gpen.whole[..., y0:y1, x0:x1], atol=1e-5 * largest, rtol=0)


def test_reads_the_published_layout(gpen: Restored, tmp_path: Path) -> None:
    torch.save(gpen.fixture.weights, tmp_path / "GPEN-BFR-512.pth")
    loaded = load_gpen(tmp_path / "GPEN-BFR-512.pth").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in gpen.fixture.weights.items())
