"""LipGAN's generators against the authors' own, from files as Keras writes them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.engines.lipgan import generator
from lipsync_ray.engines.lipgan.generator import Audio, LipGanGenerator, load_generator, same_padding
from lipsync_ray.errors import WeightsCorrupt
from tests.parity.checkpoints import write_checkpoints
from tests.parity.fixture import Fixture
from tests.parity.keras_files import write_keras

AUDIO: list[Audio] = ["mel", "mfcc"]
fixtures = {audio: Fixture(f"lipgan_{audio}") for audio in AUDIO}


@torch.inference_mode()
def made_by(net: LipGanGenerator, family: Audio, **changed: Tensor) -> Tensor:
    given = fixtures[family].inputs() | changed
    return net(given["audio"], given["face"])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file; its layers' numbers run from 1 beyond 9."""
    return write_checkpoints(tmp_path_factory.mktemp("lipgan"), "lipgan_mel") / "lipgan_residual_mel.h5"


def test_published_layout(published: Path) -> None:
    net = load_generator(published)
    fixtures["mel"].check("out", made_by(net, "mel"))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())


@pytest.mark.parametrize(("audio", "first"), [("mel", 97), ("mfcc", 0)])
def test_numbers_may_start_anywhere(tmp_path: Path, audio: Audio, first: int) -> None:
    path = write_keras(tmp_path / "any.h5", f"lipgan_{audio}", first=first)
    fixtures[audio].check("out", made_by(load_generator(path, audio), audio))


def test_whole_models_and_texts_are_read_too(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "model.h5", "lipgan_mel", whole=True, text=True)
    fixtures["mel"].check("out", made_by(load_generator(path), "mel"))


def test_norms_that_are_not_folded_give_the_same(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "fold_batch_norm", nn.Module.eval)
    net = load_generator(published)
    assert any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    fixtures["mel"].check("out", made_by(net, "mel"))


def test_slips_are_noticed(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, given = load_generator(published), fixtures["mel"].inputs()
    swapped = given["face"][:, [3, 4, 5, 0, 1, 2]]
    assert fixtures["mel"].differs("out", made_by(net, "mel", face=swapped))
    assert fixtures["mel"].differs("out", made_by(net, "mel", audio=given["audio"].flip(2)))
    monkeypatch.setattr(generator, "same_padding", lambda *sizes: same_padding(*sizes)[::-1])
    assert fixtures["mel"].differs("out", made_by(net, "mel"))
    monkeypatch.undo()
    monkeypatch.setattr(generator, "_EPSILON", 1e-5)
    assert fixtures["mel"].differs("out", made_by(load_generator(published), "mel"))


def test_padding_is_tensorflows() -> None:
    assert same_padding(96, 5, 2) == (1, 2)
    assert same_padding(13, 3, 2) == (1, 1)
    assert same_padding(80, 3, 3) == (0, 1)
    assert same_padding(27, 3, 3) == (0, 0)


def test_another_familys_file_is_refused(published: Path) -> None:
    message = r"lipgan_residual_mel\.h5 is not a file of LipGanGenerator: it has of another shape"
    with pytest.raises(WeightsCorrupt, match=message):
        load_generator(published, "mfcc")


def test_files_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    torn = tmp_path / "torn.h5"
    torn.write_bytes(b"<html>sign in</html>")
    with pytest.raises(WeightsCorrupt, match=r"torn\.h5 cannot be read as a Keras file"):
        load_generator(torn)
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file["table"] = np.zeros(3)
    with pytest.raises(WeightsCorrupt, match=r"foreign\.h5 is an HDF5 file, but none that Keras 2 wrote"):
        load_generator(foreign)
    with h5py.File(foreign, "a") as file:
        file.attrs["layer_names"] = [b"conv2d_1"]
    with pytest.raises(WeightsCorrupt, match=r"foreign\.h5 cannot be read as a Keras file"):
        load_generator(foreign)
    with h5py.File(foreign, "a") as file:
        group = file.create_group("conv2d_1")
        group.attrs["weight_names"] = [b"conv2d_1/kernel:0"]
        group["conv2d_1/kernel:0"] = np.zeros((3, 3, 6, 32))
    with pytest.raises(WeightsCorrupt, match=r"foreign\.h5 .* has 1 layers conv2d, not 67"):
        load_generator(foreign)


@pytest.mark.parametrize(
    "names", [[b"conv2d_1/\xff:0"], [7], h5py.Empty("S1"), [b"conv2d_1"], [b"conv2d_1/kernel:0/deeper"]]
)
def test_names_that_name_no_tensor_are_refused(tmp_path: Path, names: object) -> None:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"conv2d_1"]
        file["conv2d_1/conv2d_1/kernel:0"] = np.zeros((3, 3, 6, 32))
        file["conv2d_1"].attrs["weight_names"] = names
    with pytest.raises(WeightsCorrupt, match=r"odd\.h5 (cannot be read as a Keras file|has weights that)"):
        load_generator(path)


def test_a_group_in_place_of_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"conv2d_1"]
        file.create_group("conv2d_1/conv2d_1/kernel:0/deeper")
        file["conv2d_1"].attrs["weight_names"] = [b"conv2d_1/kernel:0"]
    with pytest.raises(WeightsCorrupt, match=r"odd\.h5 cannot be read as a Keras file"):
        load_generator(path)


def test_a_file_that_ends_early_is_refused(published: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.h5"
    short.write_bytes(published.read_bytes()[:100_000])
    with pytest.raises(WeightsCorrupt, match=r"short\.h5 cannot be read"):
        load_generator(short)
