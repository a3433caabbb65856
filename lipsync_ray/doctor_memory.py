"""Whether the workers of the chosen engine fit into memory: of this machine, and of an L4 node."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lipsync_ray.config import Config
from lipsync_ray.doctor_packages import Check
from lipsync_ray.engines.footprint import ENGINES, estimate
from lipsync_ray.engines.registry import restorer_of

L4_GPU, L4_RAM = 24e9, 32e9  # bytes: NVIDIA L4 with 8 vCPUs, the node that the cluster examples use
_SPARE = 0.9  # of a GPU's memory may be used: the driver and fragments take the rest


def check_memory(config: Config) -> Iterator[Check]:
    """What a worker takes, and where that fits."""
    engine = config.engine.name
    if engine not in ENGINES:
        yield Check(name="memory", state="ok", text=f"nothing is known of engine {engine}")
        return
    restorer = restorer_of(engine, config.enhance)
    needs = estimate(engine, restorer, config.compute)
    what = engine if restorer == "none" else f"{engine} with {restorer}"
    gpu = f"{needs.gpu / 1e9:.1f} GB of GPU memory in {config.compute.dtype}, or " if needs.gpu else ""
    fits = needs.gpu <= _SPARE * L4_GPU and needs.ram <= L4_RAM
    node = "fits" if fits else "does not fit: lower compute.batch"
    text = f"a worker of {what} takes about {gpu}{needs.ram / 1e9:.1f} GB of RAM; an L4 with 32 GB {node}"
    own = _own_ram()
    if own is not None and own < needs.ram:
        yield Check(
            name="memory",
            state="note",
            text=f"{text}; this machine has {own / 1e9:.1f} GB",
            mend="take another engine, or a machine with more memory",
        )
    else:
        yield Check(name="memory", state="ok" if fits else "note", text=text)


def _own_ram() -> float | None:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):  # no such question on this system
        return None
