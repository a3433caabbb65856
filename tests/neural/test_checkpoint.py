"""Files of weights, as they are found in the wild."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.neural.checkpoint import fold_spectral_norm, load_weights, read_tensors


@pytest.fixture
def weights() -> dict[str, Tensor]:
    return {key: value.clone() for key, value in nn.Linear(4, 3).state_dict().items()}


def assert_same(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert list(found) == list(wanted)
    assert all(torch.equal(found[key], value) for key, value in wanted.items())


def test_nested_files_are_read_by_the_first_key_that_is_there(
    tmp_path: Path, weights: dict[str, Tensor]
) -> None:
    path, others = tmp_path / "net.pth", {"weight": torch.zeros(1)}
    torch.save({"params": others, "params_ema": weights, "step": 7}, path)
    assert_same(read_tensors(path, ("params_ema", "params")), weights)
    assert_same(read_tensors(path, ("params", "params_ema")), others)
    torch.save({"epoch": 3, **weights}, path)
    assert_same(read_tensors(path, ("state_dict",)), weights)


def test_the_parallel_wrappers_prefix_is_taken_off_once(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    path = tmp_path / "net.pth"
    torch.save({"state_dict": {f"module.{key}": value for key, value in weights.items()}}, path)
    assert_same(read_tensors(path, ("state_dict",)), weights)
    torch.save({"module.module.weight": weights["weight"], "net.module.bias": weights["bias"]}, path)
    assert list(read_tensors(path)) == ["module.weight", "net.module.bias"]


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_torch_are_read(tmp_path: Path, weights: dict[str, Tensor], zipped: bool) -> None:
    torch.save(weights, tmp_path / "net.pt", _use_new_zipfile_serialization=zipped)
    assert_same(read_tensors(tmp_path / "net.pt"), weights)


def test_torchscript_and_safetensors_are_read(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).eval()
    wanted = dict(net.state_dict())
    torch.jit.save(torch.jit.trace(net, torch.zeros(2, 4)), tmp_path / "net.pt")
    assert_same(read_tensors(tmp_path / "net.pt", ("state_dict",)), wanted)
    save_file(wanted, tmp_path / "net.safetensors")
    found = read_tensors(tmp_path / "net.safetensors")
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], value) for key, value in wanted.items())


class Runs:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_not_run(
    tmp_path: Path, weights: dict[str, Tensor], zipped: bool
) -> None:
    path, made = tmp_path / "net.pth", tmp_path / "made"
    content = {"state_dict": weights, "more": Runs(made)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsCorrupt, match=r"net\.pth cannot be read as a file of weights"):
        read_tensors(path, ("state_dict",))
    path.write_bytes(pickle.dumps(content["more"]))
    with pytest.raises(WeightsCorrupt, match="it is damaged, or holds code, which is never run"):
        read_tensors(path)
    assert not made.exists()


@pytest.mark.parametrize("name", ["net.pth", "net.pt", "net.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>Sign in</html>", b"PK\x03\x04 torn", b"\x80\x02}q\x00."])
def test_what_is_no_file_of_weights_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsCorrupt, match=f"^{name} ") as caught:
        read_tensors(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_torn_files_are_refused_by_their_names(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    for path, write in ((tmp_path / "net.pth", torch.save), (tmp_path / "net.safetensors", save_file)):
        write(weights, path)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(WeightsCorrupt, match=path.name):
            read_tensors(path)


def test_damaged_files_are_refused_wherever_the_damage_is(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    path, rng = tmp_path / "net.pth", np.random.default_rng(1)
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_tensors(path)  # damage to a number alone cannot be seen here: hashes tell it
        except WeightsCorrupt:
            refused += 1
    assert refused > 100


def test_files_without_tensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save({"state_dict": {}, "weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsCorrupt, match=r"net\.pth holds no tensors where they should be"):
        read_tensors(path, ("state_dict",))
    torch.save(torch.zeros(3), path)
    with pytest.raises(WeightsCorrupt, match=r"net\.pth holds a Tensor, not weights by name"):
        read_tensors(path)


def test_every_key_has_to_fit(weights: dict[str, Tensor]) -> None:
    net = nn.Linear(4, 3)
    load_weights(net, {**weights, "low_res.weight": torch.zeros(1)}, "net.pth", skip=("low_res",))
    assert_same(dict(net.state_dict()), weights)
    with pytest.raises(WeightsCorrupt, match=r"^net\.pth is not a file of Linear: it lacks bias$"):
        load_weights(net, {"weight": weights["weight"]}, "net.pth")
    with pytest.raises(WeightsCorrupt, match="it lacks weight; it has unknown Weight; it has of another sh"):
        load_weights(net, {"Weight": weights["weight"], "bias": torch.zeros(4)}, "net.pth")
    many = {f"extra{number}": torch.zeros(1) for number in range(9)}
    with pytest.raises(WeightsCorrupt, match="it has unknown extra0, extra1, extra2 and 6 more"):
        load_weights(net, {**weights, **many}, "net.pth")


def test_folded_spectral_norms_do_what_torchs_own_do() -> None:
    torch.manual_seed(3)
    net = nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 5, 3)), nn.utils.spectral_norm(nn.Linear(4, 2)))
    for _ in range(5):  # a few steps of power iteration, as training leaves them
        net[0](torch.randn(1, 3, 6, 6))
        net[1](torch.randn(1, 4))
    net.eval()
    folded = fold_spectral_norm(net.state_dict())
    plain = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Linear(4, 2))
    load_weights(plain, folded, "net.pth")
    picture, row = torch.randn(2, 3, 6, 6), torch.randn(2, 4)
    torch.testing.assert_close(plain[0](picture), net[0](picture))
    torch.testing.assert_close(plain[1](row), net[1](row))
    assert not torch.allclose(plain[0].weight, net.state_dict()["0.weight_orig"])  # type: ignore[arg-type]


def test_a_spectral_norm_without_its_vectors_is_refused() -> None:
    tensors = {"0.weight_orig": torch.zeros(2, 3), "0.weight_u": torch.zeros(2)}
    with pytest.raises(WeightsCorrupt, match=r"0\.weight_v"):
        fold_spectral_norm(tensors)
