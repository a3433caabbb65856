"""The coefficient net against what the original made of the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.engines.video_retalking.face3d import Face3dNet, load_face3d
from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.resnet import Bottleneck
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    fixture: Fixture
    net: Face3dNet
    image: Tensor


@pytest.fixture(scope="module")
def face3d() -> Iterator[Measured]:
    fixture = Fixture("face3d_r50")
    net = Face3dNet().eval()
    net.load_state_dict(fixture.weights)
    with torch.inference_mode():
        yield Measured(fixture=fixture, net=net, image=fixture.inputs()["image"])


def test_reads_the_originals_coefficients(face3d: Measured) -> None:
    face3d.fixture.check("coeff", face3d.net(face3d.image))


def test_reads_the_published_layout_and_refuses_others(face3d: Measured, tmp_path: Path) -> None:
    path = write_checkpoints(tmp_path, "face3d_r50") / "face3d_pretrain_epoch_20.pth"
    face3d.fixture.check("coeff", load_face3d(path)(face3d.image))
    torch.save({"net_recon": {"fc.weight": torch.zeros(3)}}, path)
    with pytest.raises(WeightsCorrupt, match=r"epoch_20\.pth is not a file of Face3dNet: it lacks"):
        load_face3d(path)


def test_batch_norms_are_folded_when_a_file_is_read(face3d: Measured, tmp_path: Path) -> None:
    write_checkpoints(tmp_path, "face3d_r50")
    net = load_face3d(tmp_path / "face3d_pretrain_epoch_20.pth")
    left = [name for name, module in net.named_modules() if isinstance(module, nn.BatchNorm2d)]
    assert left == []
    face3d.fixture.check("coeff", net(face3d.image))


def test_notices_blue_for_red(face3d: Measured) -> None:
    assert face3d.fixture.differs("coeff", face3d.net(face3d.image.flip(1)))


def test_notices_strides_in_the_first_convolution(face3d: Measured) -> None:
    halving = [m for m in face3d.net.modules() if isinstance(m, Bottleneck) and m.conv2.stride == (2, 2)]
    assert len(halving) == 3
    for block in halving:
        block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    assert face3d.fixture.differs("coeff", face3d.net(face3d.image))
    for block in halving:
        block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
