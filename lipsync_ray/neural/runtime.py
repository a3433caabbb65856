"""Where networks run and in what number format: places networks, moves pictures there and back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from lipsync_ray.errors import DependencyMissing
from lipsync_ray.neural.settings import ComputeSettings

Net = TypeVar("Net", bound=nn.Module)
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Runtime:
    """A device and a number format for the networks of one process.

    Args:
        settings: what is wanted.
        threads: of the arithmetic on the CPU; None: as many as torch likes.

    Raises:
        DependencyMissing: ``compute.device=cuda`` where no GPU is seen.
    """

    def __init__(self, settings: ComputeSettings, threads: int | None = None) -> None:
        self.settings = settings
        if threads is not None:
            torch.set_num_threads(threads)  # the same in every worker, or sums are split differently
        self.device = _device(settings.device)
        self.dtype = _DTYPES[settings.dtype]
        if self.device.type == "cpu" and self.dtype is torch.float16:
            self.dtype = torch.bfloat16  # device=auto on a machine without a GPU
        if self.device.type == "cuda":
            # The same picture has to come out whatever else was computed before it.
            torch.backends.cudnn.benchmark = False
            torch.backends.cudnn.deterministic = True
            # fp32 is fp32: by default, convolutions round it to the 10 bits of TF32 where a card has that.
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cuda.matmul.allow_tf32 = False

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.type == "cuda"

    def batch_size(self, *, cpu: int, gpu: int) -> int:
        """Pictures through a network at once: what the settings say, else what suits the device."""
        if self.settings.batch != "auto":
            return self.settings.batch
        return gpu if self.on_gpu else cpu

    def place(self, net: Net) -> Net:
        """Make a network ready: evaluation, no gradients, on the device, in its number format."""
        net = net.eval().requires_grad_(False).to(self.device, self.dtype)
        if self.settings.channels_last:
            for weight in net.parameters():
                if weight.ndim == 4:  # those of other ranks have no such order
                    weight.data = weight.data.to(memory_format=torch.channels_last)
        if self.settings.compile:
            net.compile(dynamic=False)
        return net

    def send(self, array: np.ndarray) -> Tensor:
        """An array to the device; floats in the networks' number format, others as they are."""
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self.on_gpu:
            tensor = tensor.pin_memory().to(self.device, non_blocking=True)
        tensor = tensor.to(self.dtype) if tensor.is_floating_point() else tensor
        if self.settings.channels_last and tensor.ndim == 4:
            tensor = tensor.to(memory_format=torch.channels_last)
        return tensor

    def fetch(self, tensor: Tensor) -> np.ndarray:
        """A tensor back to memory, ``float32`` for floats."""
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        return tensor.cpu().numpy()

    @contextlib.contextmanager
    def inference(self) -> Iterator[None]:
        """No gradients inside."""
        with torch.inference_mode():
            yield


def _device(wanted: str) -> torch.device:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise DependencyMissing("compute.device=cuda, but torch sees no GPU; take compute.device=auto or cpu")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)
