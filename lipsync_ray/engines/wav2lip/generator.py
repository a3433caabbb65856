"""Wav2Lip's generator (Prajwal et al. 2020): a face of 96 px and 0.2 s of sound to the face saying it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from lipsync_ray.engines.wav2lip.blocks import ConvUnit, UpUnit, audio_encoder, residuals
from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.folding import fold_batch_norm

SOUND = ((32, 1, 2), (64, (3, 1), 2), (128, 3, 2), (256, (3, 2), 1))  # channels, stride, residual units
_FACE = ((32, 2), (64, 3), (128, 2), (256, 2), (512, 1))  # channels, residual units, at 48, 24, ... 3 px
_UP = ((512, 1024, 2), (384, 768, 2), (256, 512, 2), (128, 320, 2), (64, 160, 2))
#  channels out, in, residual units, at 6, 12, ... 96 px; what comes in is joined with the encoder's picture


class Wav2LipGenerator(nn.Module):
    """36.3 M parameters; keys are those of the published files."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = _face_encoder()
        self.audio_encoder = audio_encoder(SOUND)
        self.face_decoder_blocks = _face_decoder()
        self.output_block = nn.Sequential(ConvUnit(80, 32, 3, padding=1), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        """New faces ``[B,3,96,96]``, BGR, 0..1.

        Args:
            mel: ``[B,1,80,16]``.
            face: ``[B,6,96,96]``: the face with its lower half black, then a reference, BGR, 0..1.
        """
        seen = []
        for stage in self.face_encoder_blocks:
            face = stage(face)
            seen.append(face)
        made = self.audio_encoder(mel)
        for stage in self.face_decoder_blocks:
            made = torch.cat([stage(made), seen.pop()], 1)
        return self.output_block(made)


def _face_encoder() -> nn.ModuleList:
    stages = [nn.Sequential(ConvUnit(6, 16, 7, padding=3))]
    channels = 16
    for outer, count in _FACE:
        stages.append(nn.Sequential(ConvUnit(channels, outer, 3, 2, 1), *residuals(outer, count)))
        channels = outer
    return nn.ModuleList([*stages, nn.Sequential(ConvUnit(512, 512, 3), ConvUnit(512, 512, 1))])


def _face_decoder() -> nn.ModuleList:
    stages: list[nn.Module] = [
        nn.Sequential(ConvUnit(512, 512, 1)),
        nn.Sequential(UpUnit(1024, 512, 1, 0, 0), *residuals(512, 1)),
    ]
    stages += [nn.Sequential(UpUnit(inner, outer), *residuals(outer, count)) for outer, inner, count in _UP]
    return nn.ModuleList(stages)


def load_generator(path: Path) -> Wav2LipGenerator:
    """Read a published file of either generation (checkpoint or TorchScript), batch norms folded.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = Wav2LipGenerator()
    load_weights(net, read_tensors(path, ("state_dict",)), path.name)
    return fold_batch_norm(net)
