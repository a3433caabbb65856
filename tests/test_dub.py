"""The promises of the whole pipeline, on a real clip."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from lipsync_ray.dubbing import dub
from lipsync_ray.errors import ChunkFailed, ConfigError
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config
from lipsync_ray.sidecar import Result
from tests.conftest import ROOT

SPEECH = ROOT / "examples" / "hello.wav"


def run(clip: Path, out: Path, cache: Path, *words: str, speech: Path = SPEECH) -> Result:
    ray = () if any(word.startswith("ray.") for word in words) else ("ray.cluster=none",)
    words = (f"video={clip}", f"audio={speech}", f"out={out}", f"cache.dir={cache}", *ray, *words)
    return dub(load_config(["encode.preset=ultrafast", "quality.enabled=false", *words]))


def pictures(path: Path) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="yuv420p")


@pytest.fixture(scope="module")
def short(media_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first fifty frames of the real close-up, for what needs no more."""
    out = tmp_path_factory.mktemp("short") / "short.mp4"
    with av.open(str(media_dir / "talk_closeup_590.mp4")) as source, av.open(str(out), "w") as target:
        stream = target.add_stream("libx264", rate=25, options={"crf": "14", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 590, 590, "yuv420p"
        for frame in islice(source.decode(video=0), 50):
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return out


def test_result_does_not_depend_on_how_it_was_cut(clip: Path, tmp_path: Path, cache: Path) -> None:
    whole = run(clip, tmp_path / "1.mp4", cache, "chunk.seconds=60", "encode.crf=0")
    halves = run(clip, tmp_path / "2.mp4", cache, "chunk.seconds=2.5", "encode.crf=0")
    sevenths = run(clip, tmp_path / "7.mp4", cache, "chunk.seconds=0.714", "encode.crf=0", "chunk.overlap=4")
    assert whole.digest == halves.digest == sevenths.digest
    cut = pictures(tmp_path / "7.mp4")
    for number, picture in enumerate(pictures(tmp_path / "1.mp4")):
        assert np.array_equal(picture, next(cut)), f"frame {number} differs"
    assert next(cut, None) is None


def test_identity_engine_changes_no_pixel(short: Path, tmp_path: Path, cache: Path) -> None:
    out = tmp_path / "same.mp4"
    run(short, out, cache, "engine.name=tests.toy_engines:Identity", "encode.crf=0")
    written = pictures(out)
    for number, picture in enumerate(pictures(short)):
        assert np.array_equal(picture, next(written)), f"frame {number} differs"
    assert number == 49


def test_only_pixels_inside_the_mask_differ_from_the_source(clip: Path, tmp_path: Path, cache: Path) -> None:
    out = tmp_path / "dub.mp4"
    result = run(clip, out, cache, "encode.crf=0")
    x0, y0, x1, y1 = json.loads(result.sidecar.read_text())["plan"]["crops"]["0"]
    written, changed = pictures(out), 0
    for picture in pictures(clip):
        luma, new = picture[:590], next(written)[:590]
        outside = luma != new
        changed += int(outside.sum())
        outside[y0:y1, x0:x1] = False
        assert not outside.any()
    assert changed > 0


def test_overlaps_are_faded_where_an_engine_needs_context(short: Path, tmp_path: Path, cache: Path) -> None:
    engine = "engine.name=tests.toy_engines:Brighten"
    whole = run(short, tmp_path / "1.mp4", cache, engine, "chunk.seconds=60", "encode.crf=0")
    cut = run(short, tmp_path / "3.mp4", cache, engine, "chunk.seconds=0.7", "encode.crf=0")
    assert len(json.loads(cut.sidecar.read_text())["plan"]["chunks"]) == 3
    assert cut.digest == whole.digest
    both = zip(pictures(tmp_path / "1.mp4"), pictures(tmp_path / "3.mp4"), strict=True)
    assert all(np.array_equal(one, other) for one, other in both)


def test_vfr_times_and_sound_are_kept(media_dir: Path, tmp_path: Path, cache: Path) -> None:
    clip, out = media_dir / "talk_vfr_700.mp4", tmp_path / "vfr.mp4"
    run(clip, out, cache, speech=media_dir / "speech_10s.wav")
    source, made = build_table(clip), build_table(out)
    assert np.abs(source.times() - made.times()).max() < 1e-3
    with av.open(str(out)) as container:
        stream = container.streams.audio[0]
        end = max(float((p.pts + p.duration) * p.time_base) for p in container.demux(stream) if p.size)
    assert end == pytest.approx(float(source.duration), abs=0.05)


def test_a_failed_job_goes_on_from_its_finished_chunks(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, out, gate = tmp_path / "cache", tmp_path / "out.mp4", tmp_path / "mended"
    monkeypatch.setenv("TOY_FAIL_FRAME", "45")
    monkeypatch.setenv("TOY_FAIL_UNTIL", str(gate))
    words = ("engine.name=tests.toy_engines:FailsOnce", "chunk.seconds=0.7")
    with pytest.raises(ChunkFailed, match="frame 45 is cursed"):
        run(short, out, cache, *words)
    assert not out.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    finished = {path: path.stat().st_mtime_ns for path in (cache / "jobs").rglob("*.nut")}
    assert finished
    gate.touch()
    seen: dict[Path, int] = {}
    monkeypatch.setattr("shutil.rmtree", lambda folder, **_: seen.update(_segments(Path(folder))))
    run(short, out, cache, *words)
    assert out.exists()
    assert {path: seen[path] for path in finished} == finished


def test_a_job_whose_driver_was_killed_goes_on_from_its_finished_chunks(
    clip: Path, tmp_path: Path, cache: Path
) -> None:
    undisturbed = run(clip, tmp_path / "whole.mp4", cache, "chunk.seconds=1")
    words = [f"video={clip}", f"audio={SPEECH}", f"out={tmp_path / 'out.mp4'}", f"cache.dir={cache}"]
    words += ["chunk.seconds=1", "encode.preset=ultrafast", "quality.enabled=false", "ray.cluster=none"]
    finished = killed_with_chunks(2, words, cache / "jobs")
    assert not (tmp_path / "out.mp4").exists()
    result = dub(load_config(words))
    told = {record["name"]: record for record in json.loads(result.sidecar.read_text())["chunks"]}
    assert len(told) > len(finished)
    # What rendering took is measured: a chunk made anew would tell other times.
    assert all(told[name]["seconds"] == record["seconds"] for name, record in finished.items())
    assert result.digest == undisturbed.digest
    assert not list((cache / "jobs").iterdir())


def killed_with_chunks(count: int, words: list[str], jobs: Path) -> dict[str, dict[str, Any]]:
    """Run the command, kill it as soon as it has finished so many chunks; their records by name."""
    with subprocess.Popen([sys.executable, "-m", "lipsync_ray", "run", *words], cwd=ROOT) as process:
        while len(records := list(jobs.glob("*/0*.json"))) < count:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        process.kill()
    return {path.stem: json.loads(path.read_text()) for path in records}


def _segments(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.glob("*.nut")}


def test_unfinished_chunks_are_only_for_the_very_same_job(
    short: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_FAIL_FRAME", "0")
    monkeypatch.setenv("TOY_FAIL_UNTIL", str(tmp_path / "never"))
    words = ("engine.name=tests.toy_engines:FailsOnce", "chunk.max_attempts=1")
    other = ("encode.crf=30", "sync.delay_ms=40", "sync.fps_mode=cfr", "face.margin=0.4", "chunk.batch=4")
    for option in ("debug=false", "debug=true", *other):  # the first two are one job
        with pytest.raises(ChunkFailed, match="frame 0 is cursed"):
            run(short, tmp_path / "out.mp4", cache, *words, option)
    folders = list((cache / "jobs").iterdir())
    assert len(folders) == 1 + len(other)
    for folder in folders:
        shutil.rmtree(folder)


def test_a_chunk_given_up_may_keep_its_source_frames(
    short: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_FAIL_FRAME", "45")
    monkeypatch.setenv("TOY_FAIL_UNTIL", str(tmp_path / "never"))
    engine = "engine.name=tests.toy_engines:FailsOnce"
    result = run(short, tmp_path / "out.mp4", cache, engine, "chunk.seconds=0.7", "chunk.on_error=pass")
    assert len(result.untouched_chunks) == 1
    assert result.frames == 50


def test_nothing_is_left_in_the_cache_of_a_job_that_succeeded(
    short: Path, tmp_path: Path, cache: Path
) -> None:
    run(short, tmp_path / "out.mp4", cache)
    assert not list((cache / "jobs").iterdir())


def test_out_is_needed(clip: Path) -> None:
    with pytest.raises(ConfigError, match="out is missing"):
        dub(load_config([f"video={clip}", f"audio={SPEECH}"]))


def test_the_video_is_never_its_own_output(clip: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(clip.read_bytes())
    with pytest.raises(ConfigError, match="the video itself"):
        dub(load_config([f"video={mine}", f"audio={SPEECH}", f"out={mine}"]))
    assert mine.read_bytes() == clip.read_bytes()
