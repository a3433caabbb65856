"""How much memory a worker of an engine takes, estimated before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lipsync_ray.neural.settings import ComputeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class NetFacts:
    """A network's size."""

    parameters: float  # millions
    picture_mb: float  # MB of the tensors that live at once in a pass on one picture, in float32
    gpu_batch: int  # pictures at a time on a GPU, with compute.batch=auto
    cpu_batch: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a worker takes, in bytes."""

    gpu_bytes: float  # 0 without networks, and with compute.device=cpu
    ram_bytes: float


# Parameters and pictures: as `benchmarks/neural_memory.py` prints them. Batches: those of the engines.
NETS: Mapping[str, NetFacts] = MappingProxyType(
    {
        "wav2lip": NetFacts(parameters=36.3, picture_mb=12, gpu_batch=128, cpu_batch=8),
        "lipgan": NetFacts(parameters=49.5, picture_mb=7, gpu_batch=128, cpu_batch=8),
        "dnet": NetFacts(parameters=22.5, picture_mb=124, gpu_batch=16),
        "enet": NetFacts(parameters=158.9, picture_mb=197, gpu_batch=8),  # L-Net is a part of it
        "face3d": NetFacts(parameters=24.0, picture_mb=12, gpu_batch=32, cpu_batch=4),
        "ganimation": NetFacts(parameters=8.5, picture_mb=10, gpu_batch=16),
        "gfpgan": NetFacts(parameters=86.4, picture_mb=119, gpu_batch=8),
        "gpen": NetFacts(parameters=71.0, picture_mb=199, gpu_batch=8),
        "parsenet": NetFacts(parameters=21.3, picture_mb=373, gpu_batch=8),
    }
)
# MB of a picture where a network draws the whole face, not only the mouth's part of it.
WHOLE_MB: Mapping[str, float] = MappingProxyType({"enet": 394, "gfpgan": 499, "gpen": 535})
ENGINES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "unit_selection": (),
        "wav2lip": ("wav2lip",),
        "lipgan": ("lipgan",),
        "video_retalking": ("dnet", "enet", "face3d"),
    }
)
RESTORERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"none": (), "gfpgan": ("gfpgan",), "gpen": ("gpen",), "both": ("gfpgan", "gpen")}
)
WORKER = 0.7e9  # bytes of RAM of a worker without networks: the longest row of benchmarks/README.md
TORCH = 0.4e9  # bytes of RAM more once PyTorch is imported
# Assumed, not measured: bytes of a GPU that CUDA, cuBLAS and cuDNN hold before any network, and of RAM.
CONTEXT, CONTEXT_RAM = 0.6e9, 2.0e9
# Times the tensors of a pass, for libraries' scratch space. On a CPU it is measured: the processes of
# benchmarks/neural_memory.py grow by up to twice the tensors of large networks. For a GPU it is assumed.
SCRATCH_CPU, SCRATCH_GPU = 2.0, 1.5
_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


def estimate(
    engine: str,
    restorer: str,
    compute: ComputeSettings,
    *,
    more: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Footprint:
    """Memory of one worker that draws.

    Args:
        engine: one of ``ENGINES``; of others nothing is known but the worker itself.
        restorer: one of ``RESTORERS``.
        compute: device, number format and batches; ``device=auto`` allows for both devices.
        more: networks of ``NETS`` that the job's other options need.
        whole: those of ``WHOLE_MB`` that draw whole faces.
    """
    names = dict.fromkeys((*ENGINES.get(engine, ()), *RESTORERS[restorer], *more))
    if not names:
        return Footprint(gpu_bytes=0.0, ram_bytes=WORKER)
    nets = [NETS[name] for name in names]
    weights = sum(net.parameters for net in nets) * 1e6 * _BYTES[compute.dtype]
    on_gpu, on_cpu = (_largest_pass(names, whole, compute, device) for device in ("cuda", "cpu"))
    # A file's tensors, in float32, lie beside the network that they fill.
    loading = 2 * max(net.parameters for net in nets) * 1e6 * 4
    ram_cpu = weights + max(SCRATCH_CPU * on_cpu, loading)
    ram_gpu = CONTEXT_RAM + loading
    ram = {"cpu": ram_cpu, "cuda": ram_gpu, "auto": max(ram_cpu, ram_gpu)}[compute.device]
    gpu = 0.0 if compute.device == "cpu" else CONTEXT + weights + SCRATCH_GPU * on_gpu
    return Footprint(gpu_bytes=gpu, ram_bytes=WORKER + TORCH + ram)


def _largest_pass(names: Iterable[str], whole: Sequence[str], compute: ComputeSettings, device: str) -> float:
    """Bytes of it: networks run one after the other, and the next uses what one has held."""
    passes = []
    for name in names:
        net = NETS[name]
        batch = net.gpu_batch if device == "cuda" else net.cpu_batch
        batch = batch if compute.batch == "auto" else compute.batch
        passes.append((WHOLE_MB[name] if name in whole else net.picture_mb) * batch)
    return max(passes) * 1e6 * _BYTES[compute.dtype] / 4
