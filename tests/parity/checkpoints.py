"""Weight files as upstream publishes them, with the recipe's weights: the same names, keys, nesting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.io import savemat

from tests.parity.fixture import Fixture
from tests.parity.keras_files import write_keras

Tensors = dict[str, torch.Tensor]


def write_checkpoints(folder: Path, *names: str) -> Path:
    """Write the files of these fixtures (and ``bfm``, ``expression``) into a folder; returns it."""
    for name in names:
        _WRITERS[name](folder)
    return folder


def _save(file: str, name: str, wrap: Callable[[Tensors], Any]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(wrap(Fixture(name).weights), path)

    return write


def _module(tensors: Tensors) -> Tensors:
    return {f"module.{key}": value for key, value in tensors.items()}


def _training(tensors: Tensors) -> dict[str, Any]:
    """As a training script saves it, the optimiser beside the weights."""
    optimizer = {"state": {0: {"step": 1, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4}]}
    return {
        "state_dict": _module(tensors),
        "optimizer": optimizer,
        "global_step": 7,
        "global_epoch": 1,
    }


def _with_low_res(tensors: Tensors) -> dict[str, Any]:
    """E-Net's and L-Net's files carry parts of another network, which readers leave out."""
    return {"state_dict": {**_module(tensors), "module.low_res.extra.weight": torch.zeros(2, 2)}}


def _bfm(folder: Path) -> None:
    (folder / "BFM").mkdir(parents=True, exist_ok=True)
    savemat(folder / "BFM" / "similarity_Lm3D_all.mat", {"lm": mean_face()})


def mean_face() -> np.ndarray:
    """A stand-in for the Basel model's landmarks, ``float64[68,3]``: only the groups in use matter."""
    five = np.array(Fixture("vrt_helpers").wanted["lm3d_standin"], np.float64)
    points = np.zeros((68, 3))
    for group, point in zip(([36, 39], [42, 45], [30], [48], [54]), five, strict=True):
        points[group] = point
    return points


def _lipgan(folder: Path) -> None:
    write_keras(folder / "lipgan_residual_mel.h5", "lipgan_mel")


def _expression(folder: Path) -> None:
    rng = np.random.default_rng(4)
    centre, smile = (0.3 * rng.standard_normal((1, 64)) for _ in range(2))
    savemat(folder / "expression.mat", {"expression_center": centre, "expression_mouth": smile})


_WRITERS: Mapping[str, Callable[[Path], None]] = {
    "wav2lip": _save("wav2lip_gan.pth", "wav2lip", _training),
    "syncnet": _save("lipsync_expert.pth", "syncnet", lambda tensors: {"state_dict": tensors}),
    "dnet": _save("DNet.pt", "dnet", lambda tensors: {"net_G_ema": tensors, "net_G": {}}),
    "lnet": _save("LNet.pth", "lnet", _with_low_res),
    "enet": _save("ENet.pth", "enet", _with_low_res),
    "face3d_r50": _save("face3d_pretrain_epoch_20.pth", "face3d_r50", lambda t: {"net_recon": t}),
    "ganimation": _save("30_net_gen.pth", "ganimation", dict),
    "gfpgan": _save("GFPGANv1.4.pth", "gfpgan", lambda tensors: {"params_ema": tensors}),
    "gpen": _save("GPEN-BFR-512.pth", "gpen", dict),
    "parsenet": _save("ParseNet-latest.pth", "parsenet", dict),
    "retinaface_r50": _save("RetinaFace-R50.pth", "retinaface_r50", _module),
    "retinaface_mnet": _save("detection_mobilenet0.25_Final.pth", "retinaface_mnet", _module),
    "s3fd": _save("s3fd.pth", "s3fd", dict),
    "lipgan_mel": _lipgan,
    "bfm": _bfm,
    "expression": _expression,
}
