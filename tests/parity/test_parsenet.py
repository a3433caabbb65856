"""ParseNet against what the original made of the same weights, whole and by windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.blend.parsenet import ParseNet, load_parsenet
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    fixture: Fixture
    net: ParseNet
    face: Tensor
    whole: Tensor
    features: Tensor  # that both heads read


@pytest.fixture(scope="module")
def parsenet() -> Iterator[Parsed]:
    fixture = Fixture("parsenet")
    net = ParseNet().eval()
    net.load_state_dict(fixture.weights)
    face = fixture.inputs()["face"]
    read: list[Tensor] = []
    handle = net.out_mask_conv.register_forward_hook(lambda _net, given, _out: read.append(given[0]))
    with torch.inference_mode():
        whole = net(face)
        handle.remove()
        yield Parsed(fixture=fixture, net=net, face=face, whole=whole, features=read[0])


def test_parses_as_the_original_parses(parsenet: Parsed) -> None:
    parsenet.fixture.check("mask_logits", parsenet.whole)
    found = parsenet.whole.argmax(1)[:, ::4, ::4].numpy()
    assert np.mean(found != parsenet.fixture.wanted["argmax"]) <= 0.001


def test_notices_borders_of_zeros(parsenet: Parsed, monkeypatch: pytest.MonkeyPatch) -> None:
    for layer in parsenet.net.modules():
        if isinstance(layer, nn.Conv2d):
            monkeypatch.setattr(layer, "padding_mode", "zeros")
    wrong = parsenet.net.picture(parsenet.face)
    monkeypatch.undo()
    assert parsenet.fixture.differs("img", wrong)
    parsenet.fixture.check("img", parsenet.net.out_img_conv(parsenet.features))


@pytest.mark.parametrize("window", [(272, 480, 128, 384), (0, 61, 0, 70), (471, 512, 399, 512)])
def test_a_window_is_that_part_of_the_whole(parsenet: Parsed, window: tuple[int, int, int, int]) -> None:
    y0, y1, x0, x1 = window
    part = parsenet.net(parsenet.face, window=window)
    largest = float(parsenet.whole.abs().max())
    torch.testing.assert_close(part, parsenet.whole[..., y0:y1, x0:x1], atol=1e-5 * largest, rtol=0)


def test_reads_the_published_layout_and_folds_its_norms(parsenet: Parsed, tmp_path: Path) -> None:
    torch.save(parsenet.fixture.weights, tmp_path / "parsing_parsenet.pth")
    loaded = load_parsenet(tmp_path / "parsing_parsenet.pth")
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in loaded.modules())
    found = loaded(parsenet.face, (480, 512, 480, 512))
    atol, rtol = parsenet.fixture.manifest["atol"]["mask_logits"], parsenet.fixture.manifest["rtol"]
    torch.testing.assert_close(found, parsenet.whole[..., 480:, 480:], atol=atol, rtol=rtol)
