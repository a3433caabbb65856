"""LSE-C and LSE-D of a short dub of the sample portrait, with a made-up checkpoint."""

from __future__ import annotations

import importlib.util
import json
import wave
from pathlib import Path
from typing import Any

import pytest
import torch

from lipsync_ray.cli import main
from lipsync_ray.dubbing import dub, review
from lipsync_ray.errors import DependencyMissing, WeightsMissing
from lipsync_ray.jobs.lse import lse_store
from lipsync_ray.overrides import load_config
from lipsync_ray.progress import NullProgress
from lipsync_ray.sidecar import Result
from tests.conftest import ROOT
from tests.quality.syncnet_file import write_syncnet

PORTRAIT = ROOT / "examples" / "portrait.png"
NAMES = ("lse_c", "lse_d", "lse_offset")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a half of speech, and the checkpoint in ``weights``."""
    folder = tmp_path_factory.mktemp("lse")
    with wave.open(str(ROOT / "examples" / "hello.wav")) as given:
        with wave.open(str(folder / "speech.wav"), "wb") as cut:
            cut.setparams(given.getparams())
            cut.writeframes(given.readframes(3 * given.getframerate() // 2))
    (folder / "weights").mkdir()
    write_syncnet(folder / "weights")
    return folder


def words_of(home: Path, name: str, *words: str) -> list[str]:
    job = [f"video={PORTRAIT}", f"audio={home / 'speech.wav'}", f"out={home / name}"]
    machine = [f"cache.dir={home / 'cache'}", "ray.cluster=none", "encode.preset=ultrafast"]
    own = [f"weights.dir={home / 'weights'}", "weights.verify=false"]
    return [*job, *machine, "chunk.seconds=0.7", *own, *words]


def made(home: Path, name: str, *words: str) -> Result:
    return dub(load_config(words_of(home, name, *words)))


def lse_of(result: Result) -> list[Any]:
    assert result.quality is not None
    return [result.quality["figures"][name] for name in NAMES]


@pytest.fixture(scope="module")
def good(home: Path) -> Result:
    return made(home, "good.mp4")


def test_a_checkpoint_that_is_at_hand_is_asked(home: Path, good: Result) -> None:
    confidence, distance, offset = lse_of(good)
    assert confidence > 0
    assert distance > 0
    assert -15 <= offset <= 15
    assert len(json.loads(good.sidecar.read_text())["plan"]["chunks"]) > 1
    report = (home / "good.report.html").read_text()
    assert f'<td>LSE-C, SyncNet’s confidence</td><td class="n">{confidence}</td>' in report


def test_the_finished_file_and_its_pieces_give_the_same(
    home: Path, good: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_of(home, "good.mp4", "chunk.seconds=60")  # looked at as one piece
    assert main(["review", *words]) == 0
    told = dict(line.rsplit(None, 1) for line in capsys.readouterr().out.splitlines() if "lse" in line)
    assert [float(told[name.replace("_", " ")]) for name in NAMES] == pytest.approx(lse_of(good), abs=2e-3)


def test_other_weights_say_something_else(home: Path, good: Result, tmp_path: Path) -> None:
    write_syncnet(tmp_path, seed=1)
    found = review(load_config(words_of(home, "good.mp4", f"weights.dir={tmp_path}"))).to_plain()["figures"]
    assert found["lse_d"] != lse_of(good)[1]


@pytest.mark.parametrize(
    "word", ["quality.lse=never", "license.policy=commercial", "weights.verify=true", "weights.dir={empty}"]
)
def test_without_a_checkpoint_that_may_be_used_nothing_is_asked(
    word: str, home: Path, good: Result, tmp_path: Path
) -> None:
    """A file of other bytes than the published ones counts as none, unless files are taken as they are."""
    words = words_of(home, "good.mp4", word.format(empty=tmp_path), f"weights.folder={tmp_path}")
    assert lse_store(load_config(words)) is None


def test_without_torch_it_is_left_out_or_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else found(name))
    assert lse_store(load_config(words_of(home, "x.mp4"))) is None
    with pytest.raises(DependencyMissing, match=r"quality\.lse=always needs torch"):
        lse_store(load_config(words_of(home, "x.mp4", "quality.lse=always")))


def test_what_always_cannot_have_is_told_before_anything_is_rendered(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    always = words_of(home, "never.mp4", "quality.lse=always")
    assert main(["run", *always, "license.policy=commercial"]) == 3
    assert "the terms of syncnet (syncnet_v2.model" in capsys.readouterr().err
    with pytest.raises(WeightsMissing, match="syncnet"):
        dub(
            load_config(
                [*always, f"weights.dir={tmp_path}", f"weights.folder={tmp_path}", "weights.offline=true"]
            )
        )
    assert not (home / "never.mp4").exists()


def test_a_network_that_is_none_leaves_the_rest_of_the_measures(
    home: Path, good: Result, tmp_path: Path
) -> None:
    torch.save({"some.weight": torch.zeros(3)}, tmp_path / "syncnet_v2.model")
    told: list[str] = []

    class Notes(NullProgress):
        def note(self, text: str) -> None:
            told.append(text)

    found = review(load_config(words_of(home, "good.mp4", f"weights.dir={tmp_path}")), progress=Notes())
    assert found.worst.figures.lse_c is None
    assert found.worst.figures.sync.frames > 0
    assert [line for line in told if "LSE is not measured: WEIGHTS_CORRUPT" in line]
