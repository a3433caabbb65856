"""What a worker takes is estimated near the truth, and told in a line."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from lipsync_ray.doctor_memory import check_memory
from lipsync_ray.engines.footprint import NETS, estimate
from lipsync_ray.engines.lipgan.generator import LipGanGenerator
from lipsync_ray.engines.video_retalking.dnet import DNet
from lipsync_ray.engines.video_retalking.enet import ENet
from lipsync_ray.engines.video_retalking.face3d import Face3dNet
from lipsync_ray.engines.video_retalking.lnet import LNet
from lipsync_ray.engines.wav2lip.generator import Wav2LipGenerator
from lipsync_ray.enhance.gfpgan_net import GfpganNet
from lipsync_ray.enhance.gpen_net import GpenNet
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.overrides import load_config

BUILT: dict[str, Any] = {
    "wav2lip": Wav2LipGenerator,
    "lipgan": lambda: LipGanGenerator("mel"),
    "dnet": DNet,
    "lnet": LNet,
    "face3d": Face3dNet,
    "gfpgan": GfpganNet,
    "gpen": GpenNet,
}


def millions(net: torch.nn.Module) -> float:
    return sum(weight.numel() for weight in net.parameters()) / 1e6


def test_counts_of_parameters_are_those_of_the_networks() -> None:
    with torch.device("meta"):
        found = {name: millions(make()) for name, make in BUILT.items()}
        lnet = LNet()
        found["enet"] = millions(ENet(lnet)) - millions(lnet)
    assert set(found) == set(NETS)
    for name, count in found.items():
        assert count == pytest.approx(NETS[name].parameters, rel=0.03), name


def test_halves_and_small_batches_take_less() -> None:
    full = estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda"))
    half = estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda", dtype="fp16"))
    small = estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda", batch=1))
    assert half.gpu < full.gpu
    assert small.gpu < full.gpu
    assert estimate("unit_selection", "none", ComputeSettings()).gpu == 0
    assert (
        estimate("wav2lip", "both", ComputeSettings()).ram
        > estimate("wav2lip", "none", ComputeSettings()).ram
    )


def said(*words: str) -> str:
    (check,) = check_memory(load_config(["video=none", *words]))
    return f"{check.state} {check.text}"


def test_doctor_says_whether_an_l4_fits() -> None:
    assert "a worker of video_retalking with gfpgan takes about" in said("engine=video_retalking")
    assert said("engine=video_retalking", "compute.dtype=fp16").endswith("an L4 with 32 GB fits")
    assert "lower compute.batch" in said("engine=wav2lip", "compute.batch=4000")
    assert "GPU" not in said("engine=unit_selection")
    assert "nothing is known" in said("engine.name=tests.toy_engines:Identity")
