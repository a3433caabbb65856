"""``import lipsync_ray``: the same work as the command line, as functions."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import threading
import wave
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import lipsync_ray
from lipsync_ray import EncodeSettings, Job, ProgressUpdate, RaySettings, errors
from lipsync_ray.api import Groups, Preset
from lipsync_ray.config import Config
from lipsync_ray.kinds import arms, field_kinds
from lipsync_ray.overrides import group_options

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PORTRAIT = EXAMPLES / "portrait.png"
QUICK = {"ray.cluster": "none", "encode.preset": "ultrafast", "quality.enabled": False}


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 0.4 s of the English example."""
    path = tmp_path_factory.mktemp("speech") / "short.wav"
    with wave.open(str(EXAMPLES / "hello.wav")) as whole, wave.open(str(path), "wb") as cut:
        cut.setparams(whole.getparams())
        cut.writeframes(whole.readframes(int(0.4 * whole.getframerate())))
    return path


def settings_of(sidecar: Path | str) -> dict[str, dict[str, object]]:
    return json.loads(Path(sidecar).read_text("utf-8"))["settings"]


def test_every_group_can_be_given_as_its_own_settings() -> None:
    hints = get_type_hints(Groups)
    kinds = field_kinds(Config)
    apart = {"video", "out", "audio", "log", "debug", "preset", "preview", "serve"}
    assert {name: kind for name, kind in kinds.items() if name not in apart} == hints
    for kind in hints.values():
        for settings in arms(kind) or (kind,):
            assert getattr(lipsync_ray, settings.__name__) is settings
    assert sorted(get_args(Preset)) == group_options("preset")


def test_every_error_is_exported() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.LipsyncError):
            assert getattr(lipsync_ray, name) is kind
            assert name in lipsync_ray.__all__


def test_names_that_are_exported_exist_and_others_do_not() -> None:
    assert all(getattr(lipsync_ray, name) is not None for name in lipsync_ray.__all__)
    assert set(lipsync_ray.__all__) <= set(dir(lipsync_ray))
    with pytest.raises(AttributeError, match="no attribute 'dubb'"):
        _ = lipsync_ray.dubb


def test_options_win_over_groups_and_groups_over_the_preset(speech: Path, tmp_path: Path) -> None:
    result = lipsync_ray.dub(
        str(PORTRAIT),
        speech,
        tmp_path / "a.mp4",
        preset="best",
        encode=EncodeSettings(crf=30, preset="ultrafast"),
        ray=RaySettings(cluster="none"),
        options={"encode.crf": 31, "cache.dir": tmp_path / "cache"},
    )
    assert isinstance(result, lipsync_ray.Result)
    assert (result.frames, result.out) == (10, tmp_path / "a.mp4")
    settings = settings_of(result.sidecar)
    assert (settings["encode"]["crf"], settings["encode"]["preset"]) == (31, "ultrafast")


def test_it_works_in_another_thread_and_again(speech: Path, tmp_path: Path) -> None:
    results: list[lipsync_ray.Result] = []
    options = {**QUICK, "cache.dir": tmp_path / "cache"}

    def work(name: str) -> None:
        results.append(lipsync_ray.dub(PORTRAIT, speech, tmp_path / name, options=options))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a.mp4", "b.mp4")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work("c.mp4")
    assert len({result.digest for result in results}) == 1
    assert len(results) == 3
    assert {result.out for result in results} == {tmp_path / f"{name}.mp4" for name in "abc"}


def test_progress_is_told_and_can_stop_the_work(speech: Path, tmp_path: Path) -> None:
    told: list[ProgressUpdate] = []

    def tell(update: ProgressUpdate) -> None:
        told.append(update)
        if update.stage == "render" and update.done:
            raise KeyboardInterrupt

    out = tmp_path / "o.mp4"
    with pytest.raises(KeyboardInterrupt):
        lipsync_ray.dub(PORTRAIT, speech, out, options={**QUICK, "cache.enabled": False}, progress=tell)
    assert not out.exists()
    stages = list(dict.fromkeys(update.stage for update in told if update.stage))
    assert stages[-1] == "render"
    assert "prepare" in stages


def test_an_error_is_the_one_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(lipsync_ray.ConfigError, match=r"^encode\.crv is not an option; did you mean"):
        lipsync_ray.dub(PORTRAIT, "a.wav", tmp_path / "o.mp4", options={"encode.crv": 3})
    with pytest.raises(lipsync_ray.ConfigError, match="no sound is given"):
        lipsync_ray.dub(PORTRAIT, None, tmp_path / "o.mp4", options=QUICK)
    with pytest.raises(lipsync_ray.VideoUnreadable) as caught:
        lipsync_ray.dub(tmp_path / "absent.mp4", "a.wav", tmp_path / "o.mp4", options=QUICK)
    assert isinstance(caught.value, lipsync_ray.LipsyncError)
    assert caught.value.code == "VIDEO_UNREADABLE"


def test_many_jobs_have_their_rows_and_a_bad_one_does_not_stop_the_others(
    speech: Path, tmp_path: Path
) -> None:
    told: list[ProgressUpdate] = []
    jobs = [
        Job(video=PORTRAIT, audio=speech, id="good", options={"encode.crf": 30}),
        Job(video=tmp_path / "absent.mp4", audio=speech),
    ]
    options = {**QUICK, "cache.dir": tmp_path / "cache"}
    result = lipsync_ray.dub_many(jobs, tmp_path / "out", options=options, progress=told.append)
    assert [row.id for row in result.rows] == ["good", "absent"]
    assert [row.id for row in result.done] == ["good"]
    assert [row.code for row in result.failed] == ["VIDEO_UNREADABLE"]
    assert (result.summary.jobs, result.summary.done_now) == (2, 1)
    assert settings_of(tmp_path / "out" / "videos" / "good.json")["encode"]["crf"] == 30
    assert {update.job for update in told} >= {"", "good"}
    again = lipsync_ray.dub_many(jobs[:1], tmp_path / "out", options=options)
    assert [row.id for row in again.done] == ["good"]
    assert again.summary.done_now == 0


def test_a_manifest_can_be_given(speech: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "jobs.jsonl"
    manifest.write_text(json.dumps({"id": "one", "video": str(PORTRAIT), "audio": str(speech)}), "utf-8")
    options = {**QUICK, "cache.dir": tmp_path / "cache"}
    result = lipsync_ray.dub_many(manifest, tmp_path / "out", options=options)
    assert [(row.id, row.state, row.frames) for row in result.rows] == [("one", "done", 10)]


@pytest.mark.parametrize(
    ("jobs", "says"),
    [
        ([], r"^jobs holds no jobs"),
        ([Job(video="a.mp4")], r"^jobs, job 1: audio is missing"),
        ([Job(video="a.mp4", audio="b.wav", options={"encode.crv": 1})], "^jobs, job 1: 'encode.crv' is"),
        ([Job(video="a.mp4", audio="b.wav")] * 2, r"^jobs, job 2: id a is taken by job 1"),
        ([Job(video="a.mp4", audio="b.wav", options={"ray.workers": 1})], r"job 1: ray.workers holds for"),
    ],
)  # fmt: skip
def test_wrong_jobs_are_told_before_anything_is_begun(jobs: list[Job], says: str, tmp_path: Path) -> None:
    with pytest.raises(lipsync_ray.ConfigError, match=says):
        lipsync_ray.dub_many(jobs, tmp_path / "out", options=QUICK)
    assert not (tmp_path / "out").exists()


def test_a_program_that_uses_hydra_itself_keeps_its_own(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(
        "import hydra\n"
        "from hydra.core.global_hydra import GlobalHydra\n"
        "@hydra.main(version_base='1.3', config_path=None)\n"
        "def main(own):\n"
        "    from lipsync_ray.overrides import load_config\n"
        "    before = GlobalHydra.instance().hydra\n"
        "    print(load_config(['video=a', 'encode.crf=3']).encode.crf)\n"
        "    assert GlobalHydra.instance().hydra is before is not None\n"
        "main()\n",
        "utf-8",
    )
    command = [sys.executable, str(script), f"hydra.run.dir={tmp_path}"]
    root = Path(lipsync_ray.__file__).resolve().parent.parent
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env={"PYTHONPATH": str(root)}
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
