"""TorchScript archives are read as PyTorch reads them, but for their code."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.checkpoint import read_tensors

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")


class Various(nn.Module):
    """Tensors of several kinds, at several depths, two of them the same."""

    def __init__(self) -> None:
        super().__init__()
        conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList([nn.Sequential(conv, nn.BatchNorm2d(2)), nn.Sequential(conv)])
        self.turned = nn.Parameter(torch.randn(3, 2).T)
        self.head = nn.Linear(2, 2)
        self.register_buffer("halves", torch.randn(2).half())
        self.register_buffer("brain", torch.randn(2).bfloat16())
        self.register_buffer("flags", torch.tensor([True, False]))
        self.register_buffer("nothing", torch.zeros(0, 3))
        self.register_buffer("single", torch.tensor(7))
        self.register_buffer("part", torch.arange(12.0).reshape(3, 4)[1:, ::2])

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3))) @ self.turned


@pytest.mark.parametrize("how", ["traced", "scripted"])
def test_an_archive_gives_what_pytorch_gives(tmp_path: Path, how: str) -> None:
    torch.manual_seed(2)
    net, path = Various().eval(), tmp_path / "net.pt"
    torch.jit.save(
        torch.jit.script(net) if how == "scripted" else torch.jit.trace(net, torch.randn(1, 2, 4, 4)), path
    )
    wanted, found = torch.jit.load(path).state_dict(), read_tensors(path, ("state_dict",))
    assert list(found) == list(wanted)
    assert set(found) == set(net.state_dict())
    for key, value in wanted.items():
        assert found[key].dtype == value.dtype
        assert torch.equal(found[key], value)
    Various().load_state_dict(found)


class WritesAFile(nn.Module):
    """Restored by PyTorch, it makes the file ``made`` in the working folder."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[Tensor, bool]:
        return self.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, bool]) -> None:
        self.weight = state[0] + torch.from_file("made", True, 4)
        self.training = state[1]


def test_code_of_an_archive_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, made = tmp_path / "net.pt", tmp_path / "made"
    torch.jit.save(torch.jit.script(WritesAFile()), path)
    with pytest.raises(WeightsCorrupt, match="it is damaged, or holds code, which is never run"):
        read_tensors(path)
    assert not made.exists()
    with pytest.raises(RuntimeError, match="must match the size"):
        torch.jit.load(path)
    assert made.exists()


class Runs:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def rewritten(path: Path, **changed: bytes) -> None:
    """An archive with other files in it."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, changed.get(name.partition("/")[2], content))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "net.pt"
    torch.jit.save(torch.jit.trace(nn.Linear(4, 3).eval(), torch.zeros(2, 4)), path)
    return path


def test_code_in_its_pickle_does_not_run(tmp_path: Path, archive: Path) -> None:
    made = tmp_path / "made"
    rewritten(archive, **{"data.pkl": pickle.dumps({"weight": Runs(made)}, protocol=2)})
    with pytest.raises(WeightsCorrupt, match="it is damaged, or holds code, which is never run"):
        read_tensors(archive)
    assert not made.exists()


def test_what_is_no_module_and_numbers_that_are_missing_are_refused(archive: Path) -> None:
    whole = archive.read_bytes()
    rewritten(archive, **{"data/0": bytes(8)})
    with pytest.raises(WeightsCorrupt, match=r"net\.pt cannot be read as a file of weights"):
        read_tensors(archive)
    for content in ({"weight": 1}, [1], 7):
        archive.write_bytes(whole)
        rewritten(archive, **{"data.pkl": pickle.dumps(content, protocol=2)})
        with pytest.raises(WeightsCorrupt, match=r"net\.pt cannot be read as a file of weights"):
            read_tensors(archive)


def test_damaged_archives_are_refused_wherever_the_damage_is(archive: Path) -> None:
    whole, rng = archive.read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] = rng.integers(256)
        archive.write_bytes(damaged)
        try:
            read_tensors(archive)  # much of an archive is code and padding, which nothing reads
        except WeightsCorrupt:
            refused += 1
    assert refused > 100
