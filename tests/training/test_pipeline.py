from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs PyTorch: pip install 'lipsync-ray[train]'")
pytest.importorskip("espeakng_loader", reason="the small corpus needs: pip install 'lipsync-ray[train]'")

from lipsync_ray.speech.features import RATE
from lipsync_ray.speech.visemes.classes import SILENCE
from lipsync_ray.speech.visemes.weights import load_weights
from training.visemes.augment import features
from training.visemes.corpus import open_corpus

ROOT = Path(__file__).resolve().parents[2]
CHANCE = 0.15  # accuracy of always saying the most frequent sound


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """What the documented command leaves behind, in its small size."""
    folder = tmp_path_factory.mktemp("training")
    subprocess.run([*command(folder), "--out", folder / "visemes.npz"], cwd=ROOT, check=True)
    return folder


def command(work):
    return [sys.executable, "-m", "training.visemes", "--size", "small", "--threads", "1", "--work", work]


def test_the_small_training_hears_a_voice_it_never_heard(work):
    metrics = json.loads((work / "metrics.json").read_text())
    held = metrics["held_out"]
    assert set(held) == {f"espeak_tr@{name}" for name in ("clean", "noise 15 dB", "music 8 dB", "telephone")}
    assert held["espeak_tr@clean"]["accuracy_speech"] > 2 * CHANCE
    assert held["espeak_tr@clean"]["aperture_r"] > 0.6
    assert min(found["accuracy"] for found in held.values()) > 2 * CHANCE
    assert not any("tr" in name.split("_") for name in metrics["voices"])


def test_its_weights_run_without_pytorch(work):
    (net,) = load_weights(work / "visemes.npz").nets
    voice = next(voice for voice in open_corpus(work / "corpus") if voice.language == "tr")
    right = []
    for utterance in list(voice)[:8]:
        found = net.posteriors(net.hidden(features(utterance.samples)))
        right.append(found.argmax(1) == utterance.labels)
    assert np.concatenate(right).mean() > 2 * CHANCE


def test_it_knows_that_nobody_talks(work):
    (net,) = load_weights(work / "visemes.npz").nets
    noise = np.random.default_rng(9).standard_normal(4 * RATE).astype(np.float32)
    silence = net.posteriors(net.hidden(features(0.1 * noise)))[:, SILENCE]
    assert silence.mean() > 0.3


def test_a_second_run_keeps_what_the_first_made(work):
    before = (work / "visemes.npz").read_bytes()
    made = {path: path.stat().st_mtime_ns for path in (work / "features").rglob("*.np?")}
    subprocess.run([*command(work), "--out", work / "again.npz"], cwd=ROOT, check=True)
    assert {path: path.stat().st_mtime_ns for path in (work / "features").rglob("*.np?")} == made
    with np.load(work / "visemes.npz") as one, np.load(work / "again.npz") as other:
        assert str(one["version"]) == str(other["version"])
    assert before
