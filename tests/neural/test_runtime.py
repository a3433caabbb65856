"""Networks on a device, in a number format."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from lipsync_ray.errors import ConfigError, DependencyMissing
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings


class Mixed(nn.Module):
    """Weights of several ranks, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line, self.dense = nn.Conv2d(3, 8, 3), nn.Conv1d(3, 8, 3), nn.Linear(3, 8)
        self.volume = nn.Parameter(torch.ones(1, 2, 3, 4, 5))
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))


def runtime(**settings: object) -> Runtime:
    return Runtime(ComputeSettings(device="cpu", **settings))  # type: ignore[arg-type]


def test_networks_are_placed_for_evaluation_without_gradients() -> None:
    net = runtime().place(Mixed().train())
    assert not any(module.training for module in net.modules())
    assert not any(weight.requires_grad for weight in net.parameters())


@pytest.mark.parametrize("wanted", [True, False])
def test_only_pictures_and_their_kernels_are_in_channels_last_order(wanted: bool) -> None:
    placed = runtime(channels_last=wanted)
    net, order = placed.place(Mixed()), torch.channels_last
    assert net.conv.weight.is_contiguous(memory_format=order) == wanted
    assert all(weight.is_contiguous() for weight in net.parameters() if weight.ndim != 4)
    picture = np.random.default_rng(1).random((2, 3, 6, 6), np.float32)
    sent = placed.send(picture)
    assert sent.is_contiguous(memory_format=order) == wanted
    np.testing.assert_array_equal(placed.fetch(sent), picture)
    assert placed.send(picture[0]).is_contiguous()


def test_half_precision_is_the_networks_affair_alone() -> None:
    placed = runtime(dtype="bf16")
    net = placed.place(Mixed())
    assert {weight.dtype for weight in net.parameters()} == {torch.bfloat16}
    picture = np.random.default_rng(1).random((2, 3, 6, 6), np.float32)
    with placed.inference():
        made = net(placed.send(picture))
        assert made.dtype is torch.bfloat16
        fetched = placed.fetch(made)
        exact = runtime().place(net.float())(torch.from_numpy(picture))
    assert fetched.dtype == np.float32
    np.testing.assert_allclose(fetched, exact.numpy(), atol=0.05)
    assert placed.send(np.arange(3)).dtype is torch.int64
    assert placed.fetch(torch.arange(3)).dtype == np.int64


def test_arrays_with_strides_are_sent_as_they_look() -> None:
    array = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)[..., ::-1]
    np.testing.assert_array_equal(runtime().fetch(runtime().send(array)), array)


def test_inference_tracks_no_gradients() -> None:
    with runtime().inference():
        assert torch.is_inference_mode_enabled()
    assert not torch.is_inference_mode_enabled()


def test_batch_sizes_are_the_devices_or_the_users() -> None:
    assert runtime().batch_size(cpu=8, gpu=128) == 8
    assert runtime(batch=3).batch_size(cpu=8, gpu=128) == 3


def test_threads_are_as_many_as_a_worker_has() -> None:
    code = (
        "import torch; from lipsync_ray.neural.runtime import Runtime;"
        "from lipsync_ray.neural.settings import ComputeSettings;"
        "Runtime(ComputeSettings(device='cpu'), 3); assert torch.get_num_threads() == 3"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_half_precision_of_graphics_cards_needs_one() -> None:
    with pytest.raises(ConfigError, match=r"compute\.dtype=fp16 needs a GPU"):
        ComputeSettings(device="cpu", dtype="fp16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_machine_without_a_gpu_says_so_or_goes_on_without() -> None:
    with pytest.raises(DependencyMissing, match=r"compute\.device=cuda, but torch sees no GPU"):
        Runtime(ComputeSettings(device="cuda"))
    found = Runtime(ComputeSettings(device="auto", dtype="fp16"))
    assert (found.device.type, found.dtype, found.on_gpu) == ("cpu", torch.bfloat16, False)


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_nothing_is_rounded_to_tf32_on_a_gpu(dtype: str) -> None:
    code = (  # the switches are the process's own: it needs no GPU to turn them
        "import torch; from lipsync_ray.neural.runtime import Runtime;"
        "from lipsync_ray.neural.settings import ComputeSettings;"
        "torch.cuda.is_available = lambda: True;"
        "libraries = (torch.backends.cudnn, torch.backends.cuda.matmul);"
        "[setattr(library, 'allow_tf32', True) for library in libraries];"
        f"assert Runtime(ComputeSettings(device='cuda', dtype='{dtype}')).on_gpu;"
        "assert not any(library.allow_tf32 for library in libraries)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_computes_what_the_processor_does() -> None:
    found = Runtime(ComputeSettings(device="auto"))
    picture = np.random.default_rng(1).random((2, 3, 6, 6), np.float32)
    net = Mixed().eval()
    exact = net(torch.from_numpy(picture)).detach().numpy()
    with found.inference():
        made = found.fetch(found.place(net)(found.send(picture)))
    assert found.on_gpu
    np.testing.assert_allclose(made, exact, atol=2e-3)
