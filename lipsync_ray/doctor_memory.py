"""Whether workers of the chosen engine fit into memory: of this machine, and of an L4 node."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lipsync_ray.config import Config
from lipsync_ray.doctor_packages import Check
from lipsync_ray.doctor_probe import Probe
from lipsync_ray.engines.footprint import ENGINES, WHOLE_MB, Footprint, estimate
from lipsync_ray.engines.registry import restorer_of
from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings

L4_GPU, L4_RAM = 24e9, 32e9  # bytes: NVIDIA L4 with 8 vCPUs, the node that the cluster examples use
_SPARE = 0.9  # of a memory may be used: driver, system and fragments take the rest


def check_memory(config: Config, probe: Probe) -> Iterator[Check]:
    """What a worker takes, and how many of them an L4 node and this machine hold."""
    engine, compute = config.engine.name, config.compute
    if engine not in ENGINES:
        yield Check(name="memory", state="ok", text=f"nothing is known of engine {engine}")
        return
    there = needed(_on(config, "cpu" if compute.device == "cpu" else "cuda"))
    text = f"{_what(config)} needs about {_told(there, compute.dtype)} a worker"
    room = _workers(there, L4_GPU, L4_RAM)
    yield _check(f"{text}; an L4 (24 GB) with 32 GB of RAM", there, room)
    gpu = compute.device == "cuda" or (compute.device == "auto" and probe.gpu_bytes)
    here = needed(_on(config, "cuda" if gpu else "cpu"))
    seen = f", {probe.gpu_bytes / 1e9:.0f} GB of GPU memory" if probe.gpu_bytes else ", no GPU seen"
    seen = f"{own_ram() / 1e9:.0f} GB of RAM{seen if there.gpu_bytes else ''}"
    yield _check(f"this machine ({seen})", here, _workers(here, probe.gpu_bytes, own_ram()))


def needed(config: Config) -> Footprint:
    """What a worker of this job takes, all its options considered."""
    engine, restorer = config.engine, restorer_of(config.engine.name, config.enhance)
    more = ["parsenet"] if config.blend.mask == "parsenet" and engine.name != "unit_selection" else []
    whole = ["gfpgan", "gpen"] if config.enhance.region == "face" else []
    if isinstance(engine, VideoReTalkingSettings):
        if engine.upstream_exact:
            restorer, whole = "both", list(WHOLE_MB)
            more.append("parsenet")
        if engine.enhance_reference:
            more.append("gpen")
            whole.append("gpen")
        if engine.up_face != "original":
            more.append("ganimation")
    return estimate(engine.name, restorer, config.compute, more=more, whole=whole)


def own_ram() -> float:
    """Bytes of RAM that this machine or its control group (version 2) grants; 0 where nothing tells."""
    ram = 0.0
    with suppress(OSError, ValueError, AttributeError):
        ram = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):
        ram = min(ram, float(Path("/sys/fs/cgroup/memory.max").read_text()))
    return ram


def _on(config: Config, device: Literal["cpu", "cuda"]) -> Config:
    """The job on this device; a CPU takes bf16 for fp16, which has the same size."""
    dtype = "bf16" if device == "cpu" and config.compute.dtype == "fp16" else config.compute.dtype
    return replace(config, compute=replace(config.compute, device=device, dtype=dtype))


def _workers(needs: Footprint, gpu: float, ram: float) -> int:
    """How many fit."""
    fit = int(_SPARE * ram // needs.ram_bytes)
    return min(fit, int(_SPARE * gpu // needs.gpu_bytes)) if needs.gpu_bytes else fit


def _check(text: str, needs: Footprint, workers: int) -> Check:
    if workers:
        room = "one worker" if workers == 1 else f"{workers} workers"
        return Check(name="memory", state="ok", text=f"{text} has room for {room}")
    smaller = "compute.dtype=fp16, a smaller compute.batch or " if needs.gpu_bytes else ""
    mend = f"take {smaller}a machine with more memory"
    return Check(name="memory", state="note", text=f"{text} has room for none", mend=mend)


def _what(config: Config) -> str:
    restorer = restorer_of(config.engine.name, config.enhance)
    return config.engine.name if restorer == "none" else f"{config.engine.name} with {restorer}"


def _told(needs: Footprint, dtype: str) -> str:
    ram = f"{needs.ram_bytes / 1e9:.1f} GB of RAM"
    return f"{needs.gpu_bytes / 1e9:.1f} GB of GPU memory ({dtype}) and {ram}" if needs.gpu_bytes else ram
