"""SyncNet's layout against what is known of the published file, and its arithmetic against a plain one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as f

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.quality.syncnet import SyncNet, load_syncnet
from tests.quality.syncnet_file import SIZE, published, write_syncnet


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_syncnet(tmp_path_factory.mktemp("syncnet"))


def test_a_file_of_this_layout_is_as_large_as_the_published_one(path: Path) -> None:
    tensors = published()
    assert sum(tensor.numel() for tensor in tensors.values()) == 13_640_256
    # What is not numbers is keys and places: 14.5 kB with counters of batches, 12.4 kB without.
    assert abs(path.stat().st_size - SIZE) < 1000


def test_the_network_has_these_keys_and_numbers() -> None:
    own = {key: value for key, value in SyncNet().state_dict().items() if "num_batches" not in key}
    wanted = published()
    assert set(own) == set(wanted)
    assert {key: value.numel() for key, value in own.items()} == {
        key: value.numel() for key, value in wanted.items()
    }


class Plain:
    """The published graph, layer by layer, in three dimensions and with its norms apart."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.tensors = tensors

    def unit(self, name: str, index: int, x: Tensor, **how: object) -> Tensor:
        convolve = {4: f.conv2d, 5: f.conv3d, 2: f.linear}[x.ndim]
        return self.norm(name, index + 1, convolve(x, *self.of(name, index, "weight", "bias"), **how))  # type: ignore[operator]

    def norm(self, name: str, index: int, x: Tensor) -> Tensor:
        mean, var, weight, bias = self.of(name, index, "running_mean", "running_var", "weight", "bias")
        return f.relu(f.batch_norm(x, mean, var, weight, bias, eps=1e-5))

    def of(self, name: str, index: int, *kinds: str) -> list[Tensor]:
        return [self.tensors[f"{name}.{index}.{kind}"] for kind in kinds]

    def last(self, name: str, x: Tensor) -> Tensor:
        return f.linear(self.unit(name, 0, x.flatten(1)), *self.of(name, 3, "weight", "bias"))

    def hear(self, x: Tensor) -> Tensor:
        x = f.max_pool2d(self.unit("netcnnaud", 0, x, padding=1), 1, 1)
        x = f.max_pool2d(self.unit("netcnnaud", 4, x, padding=1), (3, 3), (1, 2))
        for index in (8, 11, 14):
            x = self.unit("netcnnaud", index, x, padding=1)
        return self.last("netfcaud", self.unit("netcnnaud", 18, f.max_pool2d(x, (3, 3), (2, 2))))

    def see(self, x: Tensor) -> Tensor:
        x = f.max_pool3d(self.unit("netcnnlip", 0, x, stride=(1, 2, 2)), (1, 3, 3), (1, 2, 2))
        x = self.unit("netcnnlip", 4, x, stride=(1, 2, 2), padding=(0, 1, 1))
        x = f.max_pool3d(x, (1, 3, 3), (1, 2, 2), padding=(0, 1, 1))
        for index in (8, 11, 14):
            x = self.unit("netcnnlip", index, x, padding=(0, 1, 1))
        return self.last("netfclip", self.unit("netcnnlip", 18, f.max_pool3d(x, (1, 3, 3), (1, 2, 2))))


def test_computes_what_the_published_graph_computes(path: Path) -> None:
    net, plain = load_syncnet(path), Plain(published())
    chance = torch.Generator().manual_seed(1)
    cepstra = 10 * torch.randn(2, 1, 13, 20, generator=chance)
    faces = torch.randint(0, 256, (2, 3, 5, 224, 224), generator=chance).float()
    with torch.inference_mode():
        heard, seen = net.hear(cepstra), net.see(faces.flatten(1, 2))
        assert heard.shape == seen.shape == (2, 1024)
        torch.testing.assert_close(heard, plain.hear(cepstra), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(seen, plain.see(faces), rtol=1e-3, atol=1e-3 * float(seen.abs().max()))
        backwards = net.see(faces.flip(2).flatten(1, 2))
    assert (backwards - seen).abs().max() > 0.05 * seen.abs().max()  # the order of frames matters


def test_counters_of_batches_do_no_harm_and_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "syncnet_v2.model"
    tensors = published()
    torch.save({**tensors, "netcnnlip.1.num_batches_tracked": torch.tensor(7)}, path)
    load_syncnet(path)
    del tensors["netfclip.3.bias"]
    torch.save(tensors, path)
    with pytest.raises(
        WeightsCorrupt, match=r"syncnet_v2\.model is not a file of SyncNet: it lacks netfclip"
    ):
        load_syncnet(path)
