"""GFPGAN against what the original made of the same weights, whole and by windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lipsync_ray.enhance import gfpgan_decoder
from lipsync_ray.enhance.gfpgan_decoder import Condition
from lipsync_ray.enhance.gfpgan_net import GfpganNet, load_gfpgan
from lipsync_ray.errors import WeightsCorrupt
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    fixture: Fixture
    net: GfpganNet
    face: Tensor
    whole: Tensor


@pytest.fixture(scope="module")
def gfpgan() -> Iterator[Restored]:
    fixture = Fixture("gfpgan")
    net = GfpganNet().eval()
    net.load_state_dict(fixture.weights)
    face = fixture.inputs()["face"]
    with torch.inference_mode():
        yield Restored(fixture=fixture, net=net, face=face, whole=net(face))


def test_restores_what_the_original_restores(gfpgan: Restored) -> None:
    gfpgan.fixture.check("out_buffer", gfpgan.whole)


def test_finds_the_original_style_codes(gfpgan: Restored) -> None:
    seen: list[Tensor] = []
    handle = gfpgan.net.final_linear.register_forward_hook(lambda _net, _inputs, out: seen.append(out))
    gfpgan.net(gfpgan.face, window=(0, 8, 0, 8))
    handle.remove()
    gfpgan.fixture.check("style_code", seen[0])


def test_takes_noise_in_place_of_the_files_own(gfpgan: Restored) -> None:
    silent = [torch.zeros_like(noise) for noise in gfpgan.net.stylegan_decoder.own_noise()]
    restored = gfpgan.net(gfpgan.face, noise=silent)
    gfpgan.fixture.check("out_zero", restored)
    assert gfpgan.fixture.differs("out_buffer", restored)


def test_notices_a_condition_on_the_wrong_half(gfpgan: Restored, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(x: Tensor, condition: Condition) -> Tensor:
        bent, kept = x.chunk(2, dim=1)
        return torch.cat([bent * condition.scale + condition.shift, kept], dim=1)

    monkeypatch.setattr(gfpgan_decoder, "_bent", wrong)
    assert gfpgan.fixture.differs("out_buffer", gfpgan.net(gfpgan.face))


@pytest.mark.parametrize(
    "window", [(272, 480, 128, 384), (0, 61, 0, 70), (471, 512, 399, 512), (201, 202, 0, 512)]
)
def test_a_window_is_that_part_of_the_whole(gfpgan: Restored, window: tuple[int, int, int, int]) -> None:
    y0, y1, x0, x1 = window
    part = gfpgan.net(gfpgan.face, window=window)
    largest = float(gfpgan.whole.abs().max())
    torch.testing.assert_close(part, gfpgan.whole[..., y0:y1, x0:x1], atol=1e-5 * largest, rtol=0)


def test_a_window_must_lie_within_the_face(gfpgan: Restored) -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        gfpgan.net(gfpgan.face, window=(400, 520, 0, 512))


def test_reads_the_published_layout_and_refuses_others(gfpgan: Restored, tmp_path: Path) -> None:
    weights = gfpgan.fixture.weights
    torch.save({"params_ema": weights}, tmp_path / "GFPGANv1.4.pth")
    loaded = load_gfpgan(tmp_path / "GFPGANv1.4.pth").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in weights.items())
    torch.save({"params_ema": {"conv1.weight": weights["final_conv.weight"]}}, tmp_path / "GFPGANv1.pth")
    with pytest.raises(WeightsCorrupt, match=r"GFPGANv1\.pth is not a file of GfpganNet"):
        load_gfpgan(tmp_path / "GFPGANv1.pth")
