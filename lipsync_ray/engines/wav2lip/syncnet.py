"""SyncNet as Wav2Lip trained it (Prajwal et al. 2020): how well 0.2 s of sound fit five frames of a mouth."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn.functional import normalize

from lipsync_ray.engines.wav2lip.blocks import ConvUnit, audio_encoder, residuals
from lipsync_ray.neural.checkpoint import load_weights, read_tensors
from lipsync_ray.neural.folding import fold_batch_norm

_SOUND = ((32, 1, 2), (64, (3, 1), 2), (128, 3, 2), (256, (3, 2), 2))  # channels, stride, residual units
_FACE = ((128, 3), (256, 2), (512, 2))  # channels, residual units, at 24, 12, 6 px high


class SyncNet(nn.Module):
    """Keys are those of ``lipsync_expert.pth``."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = _face_encoder()
        self.audio_encoder = audio_encoder(_SOUND)

    def forward(self, mel: Tensor, face: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the sound and of the mouths, ``[B,512]`` of length 1; their dot product is the score.

        Args:
            mel: ``[B,1,80,16]``.
            face: ``[B,15,48,96]``: the lower halves of five consecutive faces, frame by frame, BGR, 0..1.
        """
        return normalize(self.audio_encoder(mel).flatten(1)), normalize(self.face_encoder(face).flatten(1))


def _face_encoder() -> nn.Sequential:
    units: list[nn.Module] = [ConvUnit(15, 32, 7, padding=3)]
    units += [ConvUnit(32, 64, 5, (1, 2), 1), *residuals(64, 2)]
    channels = 64
    for outer, count in _FACE:
        units += [ConvUnit(channels, outer, 3, 2, 1), *residuals(outer, count)]
        channels = outer
    return nn.Sequential(*units, ConvUnit(512, 512, 3, 2, 1), ConvUnit(512, 512, 3), ConvUnit(512, 512, 1))


def load_syncnet(path: Path) -> SyncNet:
    """Read ``lipsync_expert.pth``, batch norms folded.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = SyncNet()
    load_weights(net, read_tensors(path, ("state_dict",)), path.name)
    return fold_batch_norm(net)
