"""The neural engines through the command's own pipeline, with files as their authors lay them out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from lipsync_ray.dubbing import preview
from lipsync_ray.engines.base import Resources
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.errors import LicenseRefused, WeightsCorrupt, WeightsMissing
from lipsync_ray.overrides import load_config
from tests.parity.checkpoints import write_checkpoints
from tests.test_dub import SPEECH, pictures, run

FACELESS = range(4, 6)  # frames of the clips that show no face


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder ``checkpoints`` with weights of the recipe; gigabytes, removed at the end."""
    folder = tmp_path_factory.mktemp("checkpoints")
    yield write_checkpoints(folder, "wav2lip")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def clip(media_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of a real clip, two of them without the person."""
    out = tmp_path_factory.mktemp("clip") / "short.mp4"
    with av.open(str(media_dir / "talk_closeup_590.mp4")) as source, av.open(str(out), "w") as target:
        stream = target.add_stream("libx264", rate=25, options={"crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 590, 590, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number == 12:
                break
            picture = frame.to_ndarray(format="yuv420p")
            if number in FACELESS:
                picture[:590] = np.linspace(60, 120, 590, dtype=np.uint8)
                picture[590:] = 128
            made = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            made.pts = number
            target.mux(stream.encode(made))
        target.mux(stream.encode(None))
    return out


def dubbed(clip: Path, out: Path, cache: Path, weights: Path, *words: str) -> Any:
    given = (f"weights.dir={weights}", "weights.verify=false", "encode.crf=0", *words)
    return run(clip, out, cache, *given)


@pytest.mark.parametrize("engine", ["wav2lip", "lipgan"])
def test_a_small_engine_draws_the_mouth_and_nothing_else(
    engine: str, clip: Path, tmp_path: Path, cache: Path, checkpoints: Path
) -> None:
    if engine == "lipgan":
        write_checkpoints(checkpoints, "lipgan_mel")
    whole = dubbed(clip, tmp_path / "1.mp4", cache, checkpoints, f"engine={engine}")
    cut = dubbed(clip, tmp_path / "5.mp4", cache, checkpoints, f"engine={engine}", "chunk.seconds=0.1")
    told = json.loads(cut.sidecar.read_text())
    assert len(told["chunks"]) == 5
    assert whole.digest == cut.digest
    assert whole.frames == 12
    assert whole.passed_through["none"] == len(FACELESS)
    assert list(told["weights"]) == [{"wav2lip": "wav2lip_gan", "lipgan": "lipgan_mel"}[engine]]
    assert_only_mouths_changed(clip, whole.out)


def test_a_preview_shows_what_a_small_engine_draws(
    clip: Path, tmp_path: Path, cache: Path, checkpoints: Path
) -> None:
    words = [f"weights.dir={checkpoints}", "weights.verify=false", "engine=wav2lip", f"cache.dir={cache}"]
    whole = run(clip, tmp_path / "whole.mp4", cache, *words)
    job = [f"video={clip}", f"audio={SPEECH}", f"out={tmp_path / 'whole.mp4'}", "ray.cluster=none", *words]
    shown = preview(load_config([*job, "preview.kind=clip", "preview.at=0"])).shown
    assert len(shown) == whole.frames
    assert hashlib.sha256("\n".join(one.digest for one in shown).encode()).hexdigest() == whole.digest
    assert [one.why for one in shown if one.number in FACELESS] == ["no face"] * len(FACELESS)


def assert_only_mouths_changed(clip: Path, out: Path) -> None:
    for number, (before, after) in enumerate(zip(pictures(clip), pictures(out), strict=True)):
        changed = before[:590] != after[:590]
        if number in FACELESS:
            assert not changed.any()
        elif number not in (FACELESS[0] - 1, FACELESS[-1] + 1):
            assert changed[300:440, 200:400].mean() > 0.5  # the mouth and the jaw
            assert not changed[:260].any()  # eyes and above


def test_video_retalking_from_end_to_end(
    clip: Path, tmp_path: Path, cache: Path, checkpoints: Path, media_dir: Path
) -> None:
    write_checkpoints(checkpoints, "dnet", "lnet", "enet", "face3d_r50", "bfm", "expression", "gfpgan")
    words = ("engine=video_retalking", "sync.fps_mode=cfr", "sync.fps=6")  # of three frames two are drawn
    whole = dubbed(clip, tmp_path / "1.mp4", cache, checkpoints, *words)
    cut = dubbed(clip, tmp_path / "3.mp4", cache, checkpoints, *words, "chunk.seconds=0.1")
    told = json.loads(cut.sidecar.read_text())
    assert len(told["chunks"]) == 3
    assert whole.digest == cut.digest
    assert whole.passed_through["none"] == 1
    assert {"vrt_dnet", "vrt_lnet", "vrt_enet", "gfpgan_v1.4"} < set(told["weights"])
    assert all(len(digest) == 64 for digest in told["weights"].values())


def resources(weights: Path, *words: str) -> tuple[Any, Resources]:
    config = load_config(["video=none", f"weights.dir={weights}", "weights.verify=false", *words])
    made = Resources(
        weights=config.weights.store(config.license.policy),
        compute=config.compute,
        enhance=config.enhance,
        blend=config.blend,
    )
    return config.engine, made


def test_files_that_are_missing_or_refused_are_told_before_anything_is_rendered(
    tmp_path: Path, checkpoints: Path
) -> None:
    with pytest.raises(WeightsMissing, match="vrt_"):
        load_engine("video_retalking", *resources(tmp_path, "engine=video_retalking", "weights.offline=true"))
    with pytest.raises(LicenseRefused, match="wav2lip_gan"):
        load_engine("wav2lip", *resources(checkpoints, "engine=wav2lip", "license.policy=commercial"))
    config = load_config(["video=none", f"weights.dir={checkpoints}", "engine=wav2lip"])
    strict = resources(checkpoints, "engine=wav2lip")[1]
    with pytest.raises(WeightsCorrupt, match=r"weights\.verify=false"):
        load_engine(
            "wav2lip",
            config.engine,
            Resources(
                weights=config.weights.store("any"),
                compute=strict.compute,
                enhance=strict.enhance,
                blend=strict.blend,
            ),
        )


class Echo(torch.nn.Module):
    """A generator that gives back the reference face: what it draws is what was there."""

    def forward(self, mel: torch.Tensor, face: torch.Tensor) -> torch.Tensor:
        return face[:, 3:]


def test_a_face_that_is_drawn_as_it_was_lies_where_it_lay(
    media_dir: Path, tmp_path: Path, cache: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, out = media_dir / "talk_vfr_700.mp4", tmp_path / "echo.mp4"
    monkeypatch.setattr("lipsync_ray.engines.wav2lip.generator.load_generator", lambda path: Echo())
    dubbed(clip, out, cache, checkpoints, "engine=wav2lip", "encode.crf=0")
    off = [
        np.abs(before[:700].astype(np.int16) - after[:700])
        for before, after in zip(pictures(clip), pictures(out), strict=True)
    ]
    changed = np.concatenate([each[each > 0] for each in off])
    assert len(changed) > 100_000
    # 1.34 is what 96 px cannot hold of this face; half a pixel of the network's off, it is 1.82.
    assert changed.mean() < 1.6
