"""Batch norms into the convolutions before them: the same pictures for less arithmetic."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


def fold_batch_norm(net: Net) -> Net:
    """Fold every batch norm that directly follows a convolution in an ``nn.Sequential``, in place.

    In evaluation a batch norm is ``y = scale x + shift`` with ``scale = weight / sqrt(var + eps)``. The norm
    becomes an identity, so that a network's own indices stay. Returns the network, in evaluation.
    """
    net.eval()
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential):
            for index in range(len(module) - 1):
                conv, norm = module[index], module[index + 1]
                if isinstance(conv, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
                    fold_pair(conv, norm)
                    module[index + 1] = nn.Identity()
    return net


@torch.no_grad()
def fold_pair(conv: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d) -> None:
    """Give a convolution the weights that it has together with the norm behind it.

    Raises:
        ValueError: a norm without statistics.
    """
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("only norms with running statistics can be folded")
    weight = conv.weight.double()
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    shift = -norm.running_mean.double() * scale
    if norm.affine:
        scale = scale * norm.weight.double()
        shift = norm.bias.double() - norm.running_mean.double() * scale
    if isinstance(conv, nn.ConvTranspose2d):  # weights are [in, out / groups, ...]
        grouped = weight.reshape(conv.groups, -1, *weight.shape[1:])
        by_group = scale.reshape(conv.groups, 1, -1, *[1] * (weight.ndim - 2))
        weight = (grouped * by_group).reshape(weight.shape)
    else:
        weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
    if conv.bias is not None:
        shift = shift + conv.bias.double() * scale
    conv.weight.copy_(weight)
    conv.bias = nn.Parameter(shift.to(conv.weight.dtype), requires_grad=conv.weight.requires_grad)
