from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.speech.visemes.network import gelu
from lipsync_ray.speech.visemes.weights import load_weights
from tests.speech.visemes.nets import DILATIONS, made_weights, write_weights


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    return write_weights(tmp_path_factory.mktemp("nets") / "two.npz", nets=2)


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(1).standard_normal((317, 48)).astype(np.float32)


def test_it_computes_what_torch_computes(weights_file, features):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    arrays = {
        name: torch.tensor(a.astype(np.float32)) for name, a in made_weights(nets=2).items() if "." in name
    }
    for number, net in enumerate(load_weights(weights_file).nets):

        def conv(x, name, dilation=1, prefix=f"net{number}."):
            weight = arrays[f"{prefix}{name}.weight"]
            weight = weight if weight.ndim == 3 else weight[:, :, None]
            reach = dilation * (weight.shape[2] // 2)
            return functional.conv1d(
                x, weight, arrays[f"{prefix}{name}.bias"], padding=reach, dilation=dilation
            )

        x = conv(torch.tensor(features).T[None], "stem")
        for b, dilation in enumerate(DILATIONS):
            inner = functional.gelu(conv(x, f"block{b}.conv", dilation), approximate="tanh")
            x = x + conv(inner, f"block{b}.mix")
        scale, shift = (arrays[f"net{number}.norm.{name}"][None, :, None] for name in ("scale", "shift"))
        hidden = functional.gelu(x * scale + shift, approximate="tanh")
        found = net.hidden(features)
        np.testing.assert_allclose(found, hidden[0].T.numpy(), atol=2e-5)
        posteriors = torch.softmax(conv(hidden, "head"), 1)[0].T.numpy()
        np.testing.assert_allclose(net.posteriors(found), posteriors, atol=1e-5)


@pytest.mark.parametrize("block", [1, 7, 100, 316, 5000])
def test_blocks_change_nothing(weights_file, features, block):
    net = load_weights(weights_file).nets[0]
    assert net.reach == 20
    np.testing.assert_allclose(net.hidden(features, block), net.hidden(features), atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_tiny_sounds(weights_file, features, count):
    net = load_weights(weights_file).nets[0]
    found = net.posteriors(net.hidden(features[:count]))
    assert found.shape == (count, 32)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


def test_gelu_keeps_what_is_positive():
    values = np.array([-10, -1, 0, 1, 10], np.float32)
    np.testing.assert_allclose(gelu(values), [0, -0.1588, 0, 0.8412, 10], atol=1e-4)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(WeightsMissing, match=r"none\.npz"):
        load_weights(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no zip")
    with pytest.raises(WeightsCorrupt, match=r"text\.npz"):
        load_weights(tmp_path / "text.npz")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(WeightsCorrupt, match=r"empty\.npz"):
        load_weights(tmp_path / "empty.npz")
    arrays = made_weights()
    np.savez(tmp_path / "classes.npz", **{**arrays, "classes": arrays["classes"][::-1]})
    with pytest.raises(WeightsCorrupt, match="classes"):
        load_weights(tmp_path / "classes.npz")
    del arrays["net0.norm.scale"]
    np.savez(tmp_path / "part.npz", **arrays)
    with pytest.raises(WeightsCorrupt, match=r"norm\.scale"):
        load_weights(tmp_path / "part.npz")


def test_wrong_features_are_named(weights_file):
    with pytest.raises(ValueError, match="48 bands"):
        load_weights(weights_file).nets[0].hidden(np.zeros((5, 40), np.float32))
