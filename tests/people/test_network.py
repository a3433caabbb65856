"""The network file is read as its program writes it, and what is no such file is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.people.network import FaceNetwork, _Filters, _shrunk, _sum
from lipsync_ray.people.tensors import read_layers


def whole(number: int) -> bytes:
    """A whole number as dlib writes it."""
    data = number.to_bytes((number.bit_length() + 7) // 8 or 1, "little")
    return bytes([len(data)]) + data


def layer(kind: str, values: np.ndarray, *before: int) -> bytes:
    name = whole(len(kind)) + kind.encode()
    sizes = b"".join(whole(size) for size in (*before, 2, len(values), 1, 1, 1))
    return name + sizes + values.astype("<f4").tobytes() + b"\x01\x00\x01\x01"


def test_layers_come_in_order_with_their_numbers(tmp_path: Path) -> None:
    one, two, three = (np.arange(count, dtype=np.float32) / 7 for count in (300, 4, 70_000))
    path = tmp_path / "net.dat"
    path.write_bytes(
        b"\x01\x02junk" + layer("con_4", one) + layer("affine_", two) + layer("fc_2", three, 128, 256)
    )
    found = read_layers(path)
    assert [kind for kind, _ in found] == ["con_4", "affine_", "fc_2"]
    for (_, values), wanted in zip(found, (one, two, three), strict=True):
        assert np.array_equal(values, wanted)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no network",
        layer("con_4", np.ones(9)),
        layer("con_4", np.ones(9))[:20],
        b"\x01\x05con_4\x01\x07",
    ],
)
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.dat").write_bytes(content)
    with pytest.raises(WeightsCorrupt, match=r"net\.dat"):
        FaceNetwork(tmp_path / "net.dat")


@pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 0)])
def test_a_convolution_is_the_sum_over_its_window(stride: int, pad: int) -> None:
    rng = np.random.default_rng(5)
    x, kernel, bias = rng.random((9, 8, 3)), rng.random((3, 3, 3, 2)), rng.random(2)
    out = _Filters(weights=kernel, bias=bias)(x, stride, pad)
    padded = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    for row, column, count in np.ndindex(*out.shape):
        top, left = row * stride, column * stride
        window = padded[top : top + 3, left : left + 3]
        assert out[row, column, count] == pytest.approx((window * kernel[..., count]).sum() + bias[count])
    assert out.shape == ((9, 8, 2) if stride == 1 else (4, 3, 2))


def test_pictures_are_halved_and_added_where_both_are() -> None:
    x = np.arange(25, dtype=np.float32).reshape(5, 5, 1)
    assert _shrunk(x, 3, "max")[..., 0].tolist() == [[12, 14], [22, 24]]
    assert _shrunk(x, 2, "mean")[..., 0].tolist() == [[3, 5], [13, 15]]
    total = _sum(np.ones((2, 2, 3), np.float32), np.ones((3, 3, 1), np.float32))
    assert total.shape == (3, 3, 3)
    assert total[..., 0].tolist() == [[2, 2, 1], [2, 2, 1], [1, 1, 1]]
    assert total[2, 2].tolist() == [1, 0, 0]
