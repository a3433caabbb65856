"""The whole command on the shipped examples, with file names that trip other programs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import av
import pytest

from lipsync_ray.cli import main

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

NAMES = [
    ("it's a=b [1],{2} (3).png", "-leading dash.wav", "--out.mp4"),
    ('$HOME ${oc.env:HOME} "quoted".png', "back\\slash\\.wav", "100% #1; a&b|c*?.mp4"),
    ("日本語 é 🎬.png", "  spaces  .wav", "null.mp4"),
]


@pytest.fixture(scope="module")
def short_speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 0.6 s of the English example."""
    path = tmp_path_factory.mktemp("speech") / "short.wav"
    with wave.open(str(EXAMPLES / "hello.wav")) as whole, wave.open(str(path), "wb") as cut:
        cut.setparams(whole.getparams())
        cut.writeframes(whole.readframes(int(0.6 * whole.getframerate())))
    return path


@pytest.mark.parametrize(("video", "audio", "out"), NAMES)
def test_any_file_names_dub(
    video: str,
    audio: str,
    out: str,
    short_speech: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLES / "portrait.png", tmp_path / video)
    shutil.copy(short_speech, tmp_path / audio)
    words = [
        "run",
        f"video={video}",
        f"audio={audio}",
        f"out={out}",
        "ray.cluster=none",
        "cache.enabled=false",
    ]
    status = main(words)
    captured = capsys.readouterr()
    assert status == 0, captured.err
    with av.open(str(tmp_path / out)) as result:
        assert sum(1 for _ in result.decode(video=0)) == 15
    sidecar = (tmp_path / out).with_suffix(".json")
    assert json.loads(sidecar.read_text("utf-8"))["settings"]["video"] == video
    report = sidecar.with_suffix(".report.html")
    assert {path.name for path in tmp_path.iterdir()} == {video, audio, out, sidecar.name, report.name}
    assert out in captured.out
    assert "look at" not in captured.out  # nothing is flagged


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["video=absent.mp4", "audio=speech.wav", "out=o.mp4"], "VIDEO_UNREADABLE: "),
        (["video=portrait.png", "audio=absent.wav", "out=o.mp4"], "AUDIO_UNREADABLE: "),
        (["video=speech.wav", "audio=speech.wav", "out=o.mp4"], "VIDEO_UNREADABLE: "),
        (["video=portrait.png", "audio=portrait.png", "out=o.mp4"], "AUDIO_UNREADABLE: "),
        (["video=portrait.png", "audio=speech.wav", "out=absent/o.mp4"], "OUTPUT_UNWRITABLE: "),
        (["video=portrait.png", "audio=speech.wav", "out=portrait.png"], ""),
        (["video=portrait.png", "audio=speech.wav", "out=o.xyz"], "CONFIG: "),
        (["video=portrait.png", "audio=speech.wav", "out=o.mp4", "encode.audio_codec=copy"], "ENCODE: "),
    ],
)
def test_unusable_files_are_one_line_and_leave_nothing(
    words: list[str],
    says: str,
    short_speech: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLES / "portrait.png", tmp_path / "portrait.png")
    shutil.copy(short_speech, tmp_path / "speech.wav")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(["run", *words, "ray.cluster=none", "cache.enabled=false"]) == 1
    out, err = capsys.readouterr()
    last = err.splitlines()[-1]
    assert last.startswith(f"lipsync_ray: {says}"), err
    assert "INTERNAL" not in err
    assert "faces" not in err  # it is told before any work begins
    assert out == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "lipsync_ray", "run", f"video={EXAMPLES / 'portrait.png'}"]
    command += [f"audio={EXAMPLES / 'hello.wav'}", f"out={tmp_path / 'o.mp4'}"]
    command += ["ray.cluster=none", "cache.enabled=false"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    for line in process.stderr:  # a finished stage has its line: rendering goes on after this one
        if line.startswith("prepare"):
            break
    time.sleep(0.3)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert err.splitlines()[-1].startswith("lipsync_ray: INTERRUPTED: ")
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"tmp"}
    assert list(temporary.iterdir()) == []
