"""Memory that each network takes: its weights, and what one forward pass on one picture holds at its peak.

    PYTHONPATH=. python benchmarks/neural_memory.py
    PYTHONPATH=. python benchmarks/neural_memory.py --processes   # with the slow second column

Printed are, per network in float32, the parameters and the largest sum of bytes of tensors that live at once
during a pass, inputs included, weights not. Nothing is computed for it: tensors on the device ``meta`` have
sizes only, and those are the same on every device. ``lipsync_ray/engines/footprint.py`` holds these figures.

With ``--processes`` each network also computes, in a process of its own on one thread: by how much the peak
of the process grows over what it holds with the weights loaded. That counts the scratch space of the CPU's
libraries as well, not what fits into memory that was freed before.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

Run = Callable[[], object]


class LiveBytes(TorchDispatchMode):
    """Inside the context, how many bytes the tensors made there hold: ``now``, and at most ``peak``."""

    def __init__(self, *known: torch.Tensor) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen = {tensor.untyped_storage()._cdata for tensor in known}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation and count the storages that it made."""
        made = func(*args, **(kwargs or {}))
        for tensor in pytree.tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._seen:
            return
        self._seen.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a network takes, in float32."""

    parameters: int
    live: int  # bytes at the peak of a pass on one picture


def _wav2lip() -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.engines.wav2lip.generator import Wav2LipGenerator

    net = Wav2LipGenerator()
    return net, lambda: net(torch.rand(1, 1, 80, 16), torch.rand(1, 6, 96, 96))


def _lipgan() -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.engines.lipgan.generator import LipGanGenerator

    net = LipGanGenerator("mel")
    return net, lambda: net(torch.rand(1, 1, 80, 27), torch.rand(1, 6, 96, 96))


def _dnet() -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.engines.video_retalking.dnet import DNet

    net = DNet()
    return net, lambda: net(torch.rand(1, 3, 256, 256), torch.rand(1, 73, 26))


def _enet(*, whole: bool = False) -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.engines.video_retalking.enet import ENet
    from lipsync_ray.engines.video_retalking.lips import WINDOW
    from lipsync_ray.engines.video_retalking.lnet import LNet

    net, window = ENet(LNet()), None if whole else WINDOW

    def run() -> object:
        face = torch.rand(1, 6, 384, 384)
        return net(torch.rand(1, 1, 80, 16), face, face[:, 3:], window=window)

    return net, run


def _face3d() -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.engines.video_retalking.face3d import Face3dNet

    net = Face3dNet()
    return net, lambda: net(torch.rand(1, 3, 224, 224))


def _ganimation() -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.engines.video_retalking.ganimation import GANimation

    net = GANimation()
    return net, lambda: net(torch.rand(1, 3, 128, 128), torch.rand(1, 17))


def _gfpgan(*, whole: bool = False) -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.enhance.gfpgan_net import GfpganNet
    from lipsync_ray.enhance.retouch import MOUTH

    net = GfpganNet()
    return net, lambda: net(torch.rand(1, 3, 512, 512), window=None if whole else MOUTH)


def _gpen(*, whole: bool = False) -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.enhance.gpen_net import GpenNet
    from lipsync_ray.enhance.retouch import MOUTH

    net = GpenNet()
    return net, lambda: net(torch.rand(1, 3, 512, 512), None if whole else MOUTH)


def _parsenet() -> tuple[torch.nn.Module, Run]:
    from lipsync_ray.blend.parsenet import ParseNet
    from lipsync_ray.enhance.parsing import PART

    net = ParseNet()
    return net, lambda: net(torch.rand(1, 3, 512, 512), PART)


NETS: Mapping[str, Callable[[], tuple[torch.nn.Module, Run]]] = {
    "wav2lip": _wav2lip,
    "lipgan": _lipgan,
    "dnet": _dnet,
    "enet": _enet,  # L-Net is a part of it
    "face3d": _face3d,
    "ganimation": _ganimation,
    "gfpgan": _gfpgan,
    "gpen": _gpen,
    "parsenet": _parsenet,
    "enet, whole face": lambda: _enet(whole=True),
    "gfpgan, whole face": lambda: _gfpgan(whole=True),
    "gpen, whole face": lambda: _gpen(whole=True),
}


def measure(name: str, device: str = "meta") -> Facts:
    """Parameters and live bytes of one of ``NETS``; on ``meta`` without computing anything."""
    with torch.device(device), torch.inference_mode():
        net, run = NETS[name]()
        net.eval()
        weights = sum(weight.numel() for weight in net.parameters())
        with LiveBytes(*net.parameters(), *net.buffers()) as live:
            run()
    return Facts(parameters=weights, live=live.peak)


def main() -> None:
    """Print the table, or measure the process of the one network that is named."""
    options = _options()
    if options.grow:
        print(f"{_growth(options.grow):.0f}")
        return
    more = " process grows, MB |" if options.processes else ""
    print(f"| network | parameters, million | live tensors of a picture, MB |{more}")
    print(f"|---|--:|--:|{'--:|' if more else ''}")
    for name in NETS:
        facts = measure(name)
        row = f"| {name} | {facts.parameters / 1e6:.1f} | {facts.live / 1e6:.0f} |"
        if options.processes:
            command = [sys.executable, __file__, "--grow", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row += f" {done.stdout.strip()} |"
        print(row, flush=True)


def _growth(name: str) -> float:
    """MB by which this process's peak grows in a pass."""
    torch.set_num_threads(1)
    with torch.inference_mode():
        net, run = NETS[name]()
        net.eval()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", action="store_true", help="also compute, and measure the processes")
    parser.add_argument("--grow", choices=list(NETS), help="the one network whose process is measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
