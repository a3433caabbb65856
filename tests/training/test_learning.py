from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'lipsync-ray[train]'")

from lipsync_ray.speech.visemes.classes import APERTURE, COUNT, NAMES  # noqa: E402
from lipsync_ray.speech.visemes.sequence import Sequence  # noqa: E402
from lipsync_ray.speech.visemes.weights import load_weights  # noqa: E402
from training.visemes import export, targets  # noqa: E402
from training.visemes.dataset import Shard, open_shards, write_shard  # noqa: E402
from training.visemes.learn import LearnSettings, Sampler, shares  # noqa: E402
from training.visemes.network import NetworkSettings, VisemeTcn, hidden, posteriors  # noqa: E402

ORDER = Sequence(
    transitions=np.full((COUNT, COUNT), 1 / COUNT, np.float32), prior=np.full(COUNT, 1 / COUNT, np.float32)
)


def shard(name: str, *, frames: int = 500, label: int = 0, weight: float = 1.0) -> Shard:
    rng = np.random.default_rng(label)
    features = rng.standard_normal((2 * frames, 48)).astype(np.float16)
    labels = np.full(2 * frames, label, np.uint8)
    return Shard(
        name=name, weight=weight, features=features, labels=labels, bounds=np.array([0, frames, 2 * frames])
    )


@pytest.fixture
def network():
    """Untrained, but with a history, so that folding has something to fold."""
    torch.manual_seed(0)
    network = VisemeTcn(NetworkSettings(width=16))
    for _ in range(3):
        network.train()(torch.randn(4, 48, 100))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.uniform_(module.bias, -1, 1)
    return network.eval()


@pytest.fixture
def sound():
    return np.random.default_rng(1).standard_normal((230, 48)).astype(np.float32)


def test_the_exported_file_computes_what_the_network_computes(tmp_path, network, sound):
    path = tmp_path / "out" / "visemes.npz"
    version = export.save(path, [network, network], ORDER)
    assert export.check(path, [network, network], sound) < export.TOLERANCE
    nets = load_weights(path).nets
    assert len(nets) == 2
    np.testing.assert_allclose(nets[0].hidden(sound), hidden(network, sound), atol=2e-2)
    np.testing.assert_allclose(
        nets[0].posteriors(nets[0].hidden(sound)), posteriors(network, sound), atol=1e-2
    )
    with np.load(path) as file:
        assert str(file["version"]) == version
        assert file["net1.block0.conv.weight"].dtype == np.float16


def test_a_file_of_another_network_is_noticed(tmp_path, network, sound):
    path = tmp_path / "visemes.npz"
    export.save(path, [network], ORDER)
    other = VisemeTcn(NetworkSettings(width=16))
    with pytest.raises(ValueError, match="differs from the trained network"):
        export.check(path, [other], sound)


def test_tracks_hold_the_table_where_a_sound_lasts():
    labels = np.repeat([NAMES.index(name) for name in ("sil", "a", "p", "i")], 60)
    aperture = targets.lip_tracks(targets.one_hot(labels))[:, 0]
    for start, name in zip((30, 90, 150, 210), ("sil", "a", "p", "i"), strict=True):
        assert aperture[start] == pytest.approx(APERTURE[NAMES.index(name)], abs=0.01)


def test_strong_sounds_pull_harder():
    """A short *m* between two *h* closes the lips; a short *h* between two *m* opens nothing."""
    m, h = NAMES.index("m"), NAMES.index("h")
    labels = np.full(100, h)
    labels[46:54] = m
    assert targets.lip_tracks(targets.one_hot(labels))[50, 0] < -0.3
    labels = np.full(100, m)
    labels[46:54] = h
    assert targets.lip_tracks(targets.one_hot(labels))[50, 0] < -0.3


def test_shards_come_back_as_written(tmp_path):
    rng = np.random.default_rng(0)
    clips = [(rng.standard_normal((n, 48)), np.full(n, n, np.uint8)) for n in (5, 9)]
    write_shard(tmp_path, "one", 0.35, iter(clips))
    (back,) = open_shards(tmp_path)
    assert (back.name, back.weight, len(back)) == ("one", 0.35, 2)
    np.testing.assert_allclose(back[1][0], clips[1][0], atol=2e-3)
    np.testing.assert_array_equal(back[0][1], clips[0][1])


def test_shares_of_what_is_drawn():
    shards = [
        shard("espeak_en", weight=0.5, label=1),
        shard("flite_slt", weight=1.5, label=2),
        shard("scenes 0"),
        shard("negatives 0"),
    ]
    share = shares(shards, LearnSettings(scenes=0.2, negatives=0.1))
    np.testing.assert_allclose(share, [0.7 / 4, 0.7 * 3 / 4, 0.2, 0.1])


def test_samples_keep_labels_beside_their_features(monkeypatch):
    """Also where short utterances follow each other in one sample; each feature here names its label."""
    monkeypatch.setattr("training.visemes.learn.altered", lambda rng, features: features)
    lengths = np.array([0, 40, 75, 200, 230])
    labels = np.repeat([1, 5, 9, 4], np.diff(lengths)).astype(np.uint8)
    features = np.repeat(labels[:, None], 48, axis=1).astype(np.float16) * 100
    one = Shard(name="one", weight=1.0, features=features, labels=labels, bounds=lengths)
    batch = Sampler([one], LearnSettings(batch=16, frames=100)).draw()
    assert batch.features.shape == (16, 48, 100)
    named = np.round(np.median(batch.features.numpy(), axis=1) / 100)
    assert (named == batch.labels.numpy()).all()
    assert set(batch.labels.unique().tolist()) == {1, 5, 9, 4}
