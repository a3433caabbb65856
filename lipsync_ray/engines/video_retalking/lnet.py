"""L-Net: lips for the sound on a calm reference face, 96 px (VideoReTalking, Cheng et al. 2022)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lipsync_ray.engines.video_retalking.attention import CrossTransformer
from lipsync_ray.engines.video_retalking.ffc import FourierBlock
from lipsync_ray.engines.video_retalking.norms import NormBlock
from lipsync_ray.engines.video_retalking.skip_decoder import SkipDecoder
from lipsync_ray.engines.wav2lip.blocks import audio_encoder
from lipsync_ray.engines.wav2lip.generator import SOUND
from lipsync_ray.neural.checkpoint import fold_spectral_norm, load_weights, read_tensors

_WIDTHS = (64, 128, 256, 512)  # channels at 96, 48, 24, 12 px
_TOLD = 512  # features of the sound
_BLOCKS = 9  # Fourier blocks at each size


class LNet(nn.Module):
    """127.7 M parameters; keys are those of ``LNet.pth`` after spectral norms were folded."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder(SOUND)
        self.encoder = FaceEncoder()
        inner = (*_WIDTHS[1:-1], 2 * _WIDTHS[-1])  # at 12 px both faces come in
        self.decoder = SkipDecoder(
            inner, _WIDTHS[:-1], lambda width: FourierBlock(width, _TOLD), _BLOCKS, nn.Sigmoid()
        )

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        """New faces ``[B,3,96,96]``, BGR, 0..1.

        Args:
            mel: ``[B,1,80,16]``.
            face: ``[B,6,96,96]``: the face with its lower half black, then the reference, BGR, 0..1.
        """
        told = self.audio_encoder(mel).flatten(1)
        return self.decoder(self.encoder(face[:, :3], face[:, 3:]), told)


class FaceEncoder(nn.Module):
    """Both faces to features; at 12 px the masked one looks at the reference."""

    def __init__(self) -> None:
        super().__init__()
        for kind in ("inp", "ref"):
            self.add_module(f"first_{kind}", NormBlock(3, _WIDTHS[0], 7))
            for level, (inner, outer) in enumerate(pairwise(_WIDTHS)):
                self.add_module(f"{kind}_down{level}", NormBlock(inner, outer))
        self.ca2 = CrossTransformer(_WIDTHS[-1])

    def forward(self, masked: Tensor, reference: Tensor) -> list[Tensor]:
        """Features at 96, 48, 24 px of the masked face, and at 12 px of both."""
        x, y = self.get_submodule("first_inp")(masked), self.get_submodule("first_ref")(reference)
        seen = [x]
        for level in range(3):
            x = avg_pool2d(self.get_submodule(f"inp_down{level}")(x), 2)
            y = avg_pool2d(self.get_submodule(f"ref_down{level}")(y), 2)
            if level == 2:
                x = torch.cat([self.ca2(x, y), y], 1)
            seen.append(x)
        return seen


def load_lnet(path: Path) -> LNet:
    """Read ``LNet.pth``, with its spectral norms folded into plain weights.

    Raises:
        WeightsCorrupt: the file holds another network.
    """
    net = LNet()
    load_weights(net, fold_spectral_norm(read_tensors(path, ("state_dict",))), path.name, skip=("low_res",))
    return net
