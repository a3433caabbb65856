"""What the networks of 96 px are given, and what becomes of what they give back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.engines.base import FaceBatch, Resources, Window
from lipsync_ray.engines.faces96 import Faces96
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.overrides import load_config

FILES = {"wav2lip": "wav2lip_gan.pth", "lipgan": "lipgan_residual_mel.h5"}
COLUMNS = {"wav2lip": 16, "lipgan": 27}
COUNT = 11  # more than one batch


class Listener(nn.Module):
    """Notes what it is given; gives back the blackened half, with the sound's first column in it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.masked = slice(0, 3) if name == "wav2lip" else slice(3, 6)
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        self.seen.append((mel, face))
        made = face[:, self.masked].clone()
        made[:, :, 48:] = mel[:, :, :1, :1] / 100
        return made


def engine_of(name: str, folder: Path) -> Faces96:
    (folder / FILES[name]).write_bytes(b"weights that are not looked into")
    config = load_config(["video=none", f"engine={name}", f"weights.dir={folder}", "weights.verify=false"])
    made = Resources(
        weights=config.weights.store("any"),
        compute=config.compute,
        enhance=config.enhance,
        blend=config.blend,
    )
    engine = load_engine(name, config.engine, made)
    assert isinstance(engine, Faces96)
    return engine


def batch() -> FaceBatch:
    frames = np.random.default_rng(4).integers(0, 256, (COUNT, 120, 120, 3), np.uint8)
    landmarks = np.zeros((COUNT, 478, 3), np.float32)
    mel = np.repeat(np.arange(60, dtype=np.float32)[:, None], 80, 1)
    return FaceBatch(
        frames=frames,
        landmarks=landmarks,
        time=np.arange(COUNT) / 25,
        number=np.arange(COUNT),
        window=Window(start=0, landmarks=landmarks, breaks=np.zeros(COUNT, bool)),
        cues={"column": np.arange(COUNT) * 3},
        shared={"mel": mel},
        stabilized=np.tile([10.0, 12, 106, 108], (COUNT, 1)),
    )


@pytest.mark.parametrize("name", FILES)
def test_faces_and_sound_are_given_as_the_network_was_trained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, given = Listener(name), batch()
    monkeypatch.setattr(f"lipsync_ray.engines.{name}.generator.load_generator", lambda path: net)
    drawn = engine_of(name, tmp_path).generate(given).generated
    mel, faces = (torch.cat(parts)[:COUNT] for parts in zip(*net.seen, strict=True))
    assert mel.shape == (COUNT, 1, 80, COLUMNS[name])
    first = mel[:, 0, 0]
    assert first[:, 0].tolist() == [3 * number for number in range(COUNT)]
    assert first[0].tolist() == list(range(COLUMNS[name]))
    wanted = given.frames[:, 12:108, 10:106]
    blue_first = torch.from_numpy(wanted[..., ::-1].transpose(0, 3, 1, 2) / np.float32(255))
    masked, whole = (faces[:, :3], faces[:, 3:]) if name == "wav2lip" else (faces[:, 3:], faces[:, :3])
    torch.testing.assert_close(whole, blue_first)
    torch.testing.assert_close(masked[:, :, :48], blue_first[:, :, :48])
    assert not masked[:, :, 48:].any()
    assert np.abs(drawn[:, :48].astype(int) - wanted[:, :48]).max() <= 1
    lower = [int(np.float32(3 * number) / 100 * 255) for number in range(COUNT)]
    assert np.abs(drawn[:, 48:].astype(int) - np.reshape(lower, (-1, 1, 1, 1))).max() <= 1


@pytest.mark.parametrize("name", FILES)
def test_the_files_in_use_are_told(name: str, tmp_path: Path) -> None:
    weights = engine_of(name, tmp_path).weights
    assert list(weights) == [{"wav2lip": "wav2lip_gan", "lipgan": "lipgan_mel"}[name]]
    assert all(len(digest) == 64 for digest in weights.values())
