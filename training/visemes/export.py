"""From trained networks to the file that ships: batch normalisation folded in, half precision, no PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lipsync_ray.speech.visemes.classes import NAMES
from lipsync_ray.speech.visemes.sequence import Sequence as Order
from lipsync_ray.speech.visemes.weights import load_weights
from training.visemes.network import VisemeTcn

Arrays = dict[str, np.ndarray]
TOLERANCE = 2e-2  # of a logit: what half precision may change


def folded(network: VisemeTcn) -> Arrays:
    """The arrays of a network as the runtime reads them, ``float16``."""
    scale, shift = _affine(network.norm)
    arrays = {
        "stem.weight": network.stem.weight,
        "stem.bias": network.stem.bias,
        "norm.scale": scale,
        "norm.shift": shift,
        "head.weight": network.head.weight[:, :, 0],
        "head.bias": network.head.bias,
    }
    for index, block in enumerate(network.blocks):
        scale, shift = _affine(block.norm)
        arrays |= {
            f"block{index}.conv.weight": block.conv.weight * scale[:, None, None],
            f"block{index}.conv.bias": block.conv.bias * scale + shift,
            f"block{index}.mix.weight": block.mix.weight[:, :, 0],
            f"block{index}.mix.bias": block.mix.bias,
        }
    half = {name: value.detach().numpy().astype(np.float16) for name, value in arrays.items()}
    return half | {"dilations": np.array(network.settings.dilations, np.int32)}


def _affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


def save(path: Path, networks: Sequence[VisemeTcn], order: Order) -> str:
    """Write networks and the order of sounds as one file; returns its version, a hash of all weights."""
    arrays: Arrays = {"sequence.transitions": order.transitions, "sequence.prior": order.prior}
    for index, network in enumerate(networks):
        arrays |= {f"net{index}.{name}": value for name, value in folded(network).items()}
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + arrays[name].tobytes())
    version = digest.hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, classes=np.array(NAMES), version=np.array(version), **arrays)
    return version


def check(path: Path, networks: Sequence[VisemeTcn], features: np.ndarray) -> float:
    """Largest difference of a logit between the file, run without PyTorch, and the networks, on ``[n, 48]``.

    Raises:
        ValueError: it is more than half precision explains.
    """
    worst = 0.0
    for net, network in zip(load_weights(path).nets, networks, strict=True):
        with torch.no_grad():
            logits = network.eval()(torch.from_numpy(features).T[None])[0][0].T.numpy()
        worst = max(worst, float(np.abs(net.head(net.hidden(features)) - logits).max()))
    if worst > TOLERANCE:
        raise ValueError(f"{path} differs from the trained network by {worst:.3f} in a logit")
    return worst
