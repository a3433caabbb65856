"""The network calls that the authors' scripts make for one 720p frame, with this project's networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lipsync_ray.blend.parsenet import ParseNet
from lipsync_ray.engines.video_retalking.dnet import DNet
from lipsync_ray.engines.video_retalking.enet import ENet
from lipsync_ray.engines.video_retalking.face3d import Face3dNet
from lipsync_ray.engines.video_retalking.lnet import LNet
from lipsync_ray.engines.wav2lip.generator import Wav2LipGenerator
from lipsync_ray.enhance.gfpgan_net import GfpganNet
from lipsync_ray.enhance.gpen_net import GpenNet
from lipsync_ray.faces.detectors.fan_net import FanNet
from lipsync_ray.faces.detectors.retinaface_net import RetinaFaceNet
from lipsync_ray.faces.detectors.s3fd_net import S3fdNet

FULL, SMALL = (720, 1280), (256, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A network call: how often a frame needs it, and how many frames one call serves."""

    name: str
    run: Callable[[], object]
    times: float = 1
    frames: int = 1


def upstream_calls(engine: str) -> list[Call]:
    """The calls of ``wav2lip`` or ``video_retalking``; weights are random, which costs the same."""
    return _wav2lip() if engine == "wav2lip" else _video_retalking()


def _call(name: str, net: nn.Module, *inputs: Tensor, times: float = 1, frames: int = 1) -> Call:
    net = net.eval().requires_grad_(False)

    def run() -> object:
        with torch.inference_mode():
            return net(*inputs)

    return Call(name=name, run=run, times=times, frames=frames)


def _picture(size: tuple[int, int], count: int = 1, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, *size)


def _wav2lip(batch: int = 16) -> list[Call]:
    mel = torch.rand(batch, 1, 80, 16)
    generator = Wav2LipGenerator()
    return [
        _call("S3FD 720x1280", S3fdNet(), _picture(FULL)),
        _call(f"Wav2Lip 96, batch {batch}", generator, mel, _picture((96, 96), batch, 6), frames=batch),
    ]


def _video_retalking() -> list[Call]:
    s3fd, faces, points, face = S3fdNet(), RetinaFaceNet("resnet50"), FanNet(), _picture((512, 512))
    enet, large = ENet(LNet()), _picture((384, 384), channels=6)
    return [
        _call("S3FD 256x256", s3fd, _picture(SMALL), times=2),
        _call("S3FD 720x1280", s3fd, _picture(FULL)),
        _call("RetinaFace-R50 256x256", faces, _picture(SMALL)),
        _call("RetinaFace-R50 720x1280", faces, _picture(FULL), times=2),
        _call("FAN 256x256", points, _picture(SMALL), times=2),
        _call("coefficient net 224", Face3dNet(), _picture((224, 224))),
        _call("D-Net 256", DNet(), _picture(SMALL), torch.rand(1, 73, 26)),
        _call("GPEN 512", GpenNet(), face),
        _call("ParseNet 512", ParseNet(), face, times=3),
        _call("E-Net 384 with L-Net", enet, torch.rand(1, 1, 80, 16), large, large[:, 3:]),
        _call("GFPGAN 512", GfpganNet(), face),
    ]
