"""Memory that each network's forward pass takes for one picture, next to its weights.

    PYTHONPATH=. python benchmarks/neural_memory.py

Each network runs in a process of its own on one thread, in float32, as the engines run it (windows included);
printed is by how much the process's peak grows over what it holds with the weights loaded. The figures of
``lipsync_ray/engines/footprint.py`` come from here.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Mapping

import torch


def _wav2lip() -> Callable[[], object]:
    from lipsync_ray.engines.wav2lip.generator import Wav2LipGenerator
    from lipsync_ray.neural.folding import fold_batch_norm

    net = fold_batch_norm(Wav2LipGenerator())
    return lambda: net(torch.rand(8, 1, 80, 16), torch.rand(8, 6, 96, 96))


def _dnet() -> Callable[[], object]:
    from lipsync_ray.engines.video_retalking.dnet import DNet

    net = DNet().eval()
    return lambda: net(torch.rand(1, 3, 256, 256), torch.rand(1, 73, 26))


def _enet() -> Callable[[], object]:
    from lipsync_ray.engines.video_retalking.enet import ENet
    from lipsync_ray.engines.video_retalking.lips import WINDOW
    from lipsync_ray.engines.video_retalking.lnet import LNet

    net, face = ENet(LNet()).eval(), torch.rand(1, 6, 384, 384)
    return lambda: net(torch.rand(1, 1, 80, 16), face, face[:, 3:], window=WINDOW)


def _face3d() -> Callable[[], object]:
    from lipsync_ray.engines.video_retalking.face3d import Face3dNet

    net = Face3dNet().eval()
    return lambda: net(torch.rand(1, 3, 224, 224))


def _gfpgan() -> Callable[[], object]:
    from lipsync_ray.enhance.gfpgan_net import GfpganNet
    from lipsync_ray.enhance.retouch import MOUTH

    net = GfpganNet().eval()
    return lambda: net(torch.rand(1, 3, 512, 512), window=MOUTH)


def _gpen() -> Callable[[], object]:
    from lipsync_ray.enhance.gpen_net import GpenNet
    from lipsync_ray.enhance.retouch import MOUTH

    net = GpenNet().eval()
    return lambda: net(torch.rand(1, 3, 512, 512), MOUTH)


NETS: Mapping[str, tuple[Callable[[], Callable[[], object]], int]] = {  # and pictures in the call
    "wav2lip": (_wav2lip, 8),
    "dnet": (_dnet, 1),
    "enet": (_enet, 1),
    "face3d": (_face3d, 1),
    "gfpgan": (_gfpgan, 1),
    "gpen": (_gpen, 1),
}


def main() -> None:
    """Print the table, or measure the one network that is named."""
    if len(sys.argv) > 1:
        print(f"{_growth(sys.argv[1]):.0f}")
        return
    print("| network | MB a picture |\n|---|--:|")
    for name in NETS:
        done = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
        print(f"| {name} | {done.stdout.strip()} |", flush=True)


def _growth(name: str) -> float:
    make, pictures = NETS[name]
    torch.set_num_threads(1)
    with torch.inference_mode():
        run = make()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) / 1024 / pictures


if __name__ == "__main__":
    main()
