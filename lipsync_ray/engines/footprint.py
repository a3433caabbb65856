"""How much memory a worker of an engine takes, estimated before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lipsync_ray.neural.settings import ComputeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class NetFacts:
    """A network's size."""

    parameters: float  # millions
    picture_mb: float  # MB that a forward pass takes for one picture in float32
    gpu_batch: int  # pictures at a time on a GPU, with compute.batch=auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a worker takes, in bytes."""

    gpu: float  # 0 without networks
    ram: float


# Memory of a picture: measured by benchmarks/neural_memory.py as the growth of a process on a CPU, which also
# holds the libraries' scratch space. LipGAN has the layers of Wav2Lip at the same sizes.
NETS: Mapping[str, NetFacts] = MappingProxyType(
    {
        "wav2lip": NetFacts(parameters=36.3, picture_mb=18, gpu_batch=128),
        "lipgan": NetFacts(parameters=49.6, picture_mb=18, gpu_batch=128),
        "dnet": NetFacts(parameters=22.5, picture_mb=242, gpu_batch=16),
        "lnet": NetFacts(parameters=127.7, picture_mb=0, gpu_batch=8),  # inside E-Net, which takes more
        "enet": NetFacts(parameters=31.2, picture_mb=366, gpu_batch=8),
        "face3d": NetFacts(parameters=24.0, picture_mb=43, gpu_batch=32),
        "gfpgan": NetFacts(parameters=86.4, picture_mb=128, gpu_batch=8),
        "gpen": NetFacts(parameters=71.0, picture_mb=234, gpu_batch=8),
    }
)
ENGINES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "unit_selection": (),
        "wav2lip": ("wav2lip",),
        "lipgan": ("lipgan",),
        "video_retalking": ("dnet", "lnet", "enet", "face3d"),
    }
)
RESTORERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"none": (), "gfpgan": ("gfpgan",), "gpen": ("gpen",), "both": ("gfpgan", "gpen")}
)
CONTEXT = (
    0.6e9  # bytes of a GPU that CUDA and cuDNN take before any network; a common figure, not measured here
)
WORKER = 0.7e9  # bytes of RAM of a worker without networks (see benchmarks/README.md)
TORCH = 0.4e9  # bytes more once PyTorch is imported
_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


def estimate(engine: str, restorer: str, compute: ComputeSettings) -> Footprint:
    """Memory of one worker that draws.

    Args:
        engine: one of ``ENGINES``; of others nothing is known but the worker itself.
        restorer: one of ``RESTORERS``.
        compute: number format and batches.
    """
    names = (*ENGINES.get(engine, ()), *RESTORERS[restorer])
    if not names:
        return Footprint(gpu=0.0, ram=WORKER)
    nets = [NETS[name] for name in names]
    size = _BYTES[compute.dtype]
    weights = sum(net.parameters for net in nets) * 1e6
    # One network runs at a time, and its memory is used again by the next.
    drawn = max(net.picture_mb * _batch(net, compute) for net in nets) * 1e6 * size / 4
    largest = max(net.parameters for net in nets) * 1e6 * 4  # a file is read beside the network it fills
    on_cpu = weights * size + max(net.picture_mb for net in nets) * 1e6
    return Footprint(gpu=CONTEXT + weights * size + drawn, ram=WORKER + TORCH + on_cpu + largest)


def _batch(net: NetFacts, compute: ComputeSettings) -> int:
    return net.gpu_batch if compute.batch == "auto" else compute.batch
