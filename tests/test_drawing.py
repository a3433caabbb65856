"""What frames look like does not depend on where a job is cut, whatever an engine sees around them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.test_dub import pictures, run

REMEMBERS = "engine.name=tests.toy_engines:Remembers"


def test_an_engine_sees_the_frames_around_a_cut(clip: Path, tmp_path: Path, cache: Path) -> None:
    words = (REMEMBERS, "chunk.batch=5")
    whole = run(clip, tmp_path / "1.mp4", cache, *words, "chunk.seconds=60")
    cut = run(clip, tmp_path / "5.mp4", cache, *words, "chunk.seconds=1")
    assert len(json.loads(cut.sidecar.read_text())["chunks"]) == 5
    assert whole.digest == cut.digest
    other = run(clip, tmp_path / "n.mp4", cache, "engine.name=tests.toy_engines:Brighten")
    assert whole.digest != other.digest


@pytest.mark.parametrize("engine", ["engine=unit_selection", REMEMBERS])
def test_drawing_less_does_not_depend_on_the_cuts_either(
    clip: Path, tmp_path: Path, cache: Path, engine: str
) -> None:
    words = (engine, "preset.resize_factor=2", "preset.every=3")
    whole = run(clip, tmp_path / "1.mp4", cache, *words, "chunk.seconds=60")
    cut = run(clip, tmp_path / "5.mp4", cache, *words, "chunk.seconds=1", "chunk.batch=4")
    assert whole.digest == cut.digest


def test_a_dub_that_draws_less_is_close_to_the_full_one(clip: Path, tmp_path: Path, cache: Path) -> None:
    full = run(clip, tmp_path / "full.mp4", cache, "encode.crf=0")
    fast = run(clip, tmp_path / "fast.mp4", cache, "encode.crf=0", "preset.resize_factor=2", "preset.every=2")
    assert fast.frames == full.frames
    assert fast.passed_through == full.passed_through
    pairs = zip(pictures(full.out), pictures(fast.out), pictures(clip), strict=True)
    off, moved = zip(*((_apart(f, g), _apart(f, source)) for f, g, source in pairs), strict=True)
    assert np.mean(off) < 0.5 * np.mean(moved)  # nearer to the full dub than to the untouched source
    assert 0 < np.mean(off)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def test_only_the_first_frame_is_used_where_that_is_asked(clip: Path, tmp_path: Path, cache: Path) -> None:
    result = run(clip, tmp_path / "still.mp4", cache, "media.static=true")
    first = next(iter(pictures(clip)))
    seen = list(pictures(result.out))
    background = [_apart(picture[:60], first[:60]) for picture in (seen[0], seen[-1])]
    assert max(background) < 3.0
    assert result.seconds == pytest.approx(5.74, abs=0.1)  # as long as the sound
