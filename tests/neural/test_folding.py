"""Folded norms compute what they computed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.neural.folding import fold_batch_norm, fold_pair
from lipsync_ray.neural.resnet import ResNet50, fold_resnet


def lived(net: nn.Module) -> nn.Module:
    """Norms with statistics and scales of their own."""
    torch.manual_seed(7)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.weight, module.bias):
                if tensor is not None:
                    nn.init.normal_(tensor, 0.5, 0.3)
            assert module.running_var is not None
            nn.init.uniform_(module.running_var, 0.2, 3)
    return net.eval()


def norms(net: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in net.modules())


CONVOLUTIONS = {
    "plain": nn.Conv2d(4, 6, 3),
    "without bias": nn.Conv2d(4, 6, 3, bias=False),
    "grouped": nn.Conv2d(4, 6, 3, groups=2),
    "transposed": nn.ConvTranspose2d(4, 6, 3, 2, bias=False),
    "transposed and grouped": nn.ConvTranspose2d(4, 6, 3, 2, groups=2),
}


@torch.no_grad()
@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("affine", [True, False])
def test_a_folded_pair_computes_the_same(kind: str, affine: bool) -> None:
    norm = nn.BatchNorm2d(6, eps=1e-3, affine=affine)
    net = lived(nn.Sequential(CONVOLUTIONS[kind], norm, nn.ReLU()))
    x = torch.randn(2, 4, 9, 9)
    wanted = net(x)
    assert fold_batch_norm(net) is net
    assert norms(net) == 0
    assert len(net) == 3  # type: ignore[arg-type]
    torch.testing.assert_close(net(x), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_norms_that_follow_no_convolution_stay() -> None:
    net = lived(nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.BatchNorm2d(6)))
    x = torch.randn(2, 4, 9, 9)
    wanted = net(x)
    torch.testing.assert_close(fold_batch_norm(net)(x), wanted)
    assert norms(net) == 2


def test_a_norm_without_statistics_cannot_be_folded() -> None:
    with pytest.raises(ValueError, match="running statistics"):
        fold_pair(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6, track_running_stats=False))


@torch.no_grad()
def test_a_resnet_is_folded_whole() -> None:
    net = lived(ResNet50())
    x = torch.randn(1, 3, 64, 64)
    wanted: list[Tensor] = net(x)
    fold_resnet(net)
    assert norms(net) == 0
    assert [tuple(level.shape[1:]) for level in wanted] == [
        (256, 16, 16),
        (512, 8, 8),
        (1024, 4, 4),
        (2048, 2, 2),
    ]
    for found, level in zip(net(x), wanted, strict=True):
        torch.testing.assert_close(found, level, atol=1e-4 * float(level.abs().max()), rtol=0)
