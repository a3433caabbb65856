"""Mouths that a scan has kept are not decoded again; all others are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lipsync_ray.errors import TaskFailed
from lipsync_ray.faces import mouths
from lipsync_ray.faces.mouths import KeptMouths
from lipsync_ray.jobs import choosing, scanning
from lipsync_ray.jobs.scanning import mouths_in_passing
from lipsync_ray.media.frame import Box
from lipsync_ray.overrides import load_config
from tests.test_dub import run

BOXES = [Box(x0=0, y0=0, x1=size, y1=2) for size in (1, 2, 3, 4)]
FRAMES = np.array([5, 1, 9, 7])


class Kept(KeptMouths):
    """Pictures of odd sizes."""

    def crops(self, frames: np.ndarray, boxes: list[Box]) -> list[np.ndarray | None]:
        return [np.zeros((2, box.width, 3), np.uint8) if box.width % 2 else None for box in boxes]


@pytest.mark.parametrize(("reader", "decoded"), [("pyav", [1, 7]), ("decord", [5, 1, 9, 7])])
def test_only_what_is_missing_is_decoded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reader: str, decoded: list[int]
) -> None:
    asked: list[int] = []

    def decode(frames: np.ndarray, boxes: list[Box]) -> list[np.ndarray]:
        asked.extend(frames.tolist())
        return [np.ones((2, box.width, 3), np.uint8) for box in boxes]

    monkeypatch.setattr(choosing, "fetch_from", lambda config, inputs: decode)
    config = cast(Any, SimpleNamespace(media=SimpleNamespace(reader=reader)))
    fetch = choosing.fetch_mouths(config, cast(Any, None), lambda: Kept(folder=tmp_path, ranges=()))
    assert [crop.shape[1] for crop in fetch(FRAMES, BOXES)] == [1, 2, 3, 4]
    assert asked == decoded


def test_a_dub_of_a_short_video_decodes_no_mouths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clip: Path
) -> None:
    cache = tmp_path / "cache"

    def decoded(piece: object, source: object) -> list[np.ndarray]:
        raise AssertionError(f"decoded once more: {piece}")

    usual = run(clip, tmp_path / "usual.mp4", cache)
    monkeypatch.setattr(choosing, "cut_crops", decoded)
    assert run(clip, tmp_path / "again.mp4", cache, "chunk.seconds=9").digest == usual.digest
    for path in (cache / "scans").glob("*/mouths-*"):
        path.unlink()
    with pytest.raises(TaskFailed, match="decoded once more"):
        run(clip, tmp_path / "never.mp4", cache)


def test_mouths_that_are_not_to_stay_serve_until_the_run_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clip: Path
) -> None:
    def decoded(piece: object, source: object) -> list[np.ndarray]:
        raise AssertionError(f"decoded once more: {piece}")

    usual = run(clip, tmp_path / "usual.mp4", tmp_path / "usual")
    monkeypatch.setattr(mouths, "MOST_BYTES", 1000)
    monkeypatch.setattr(choosing, "cut_crops", decoded)
    cache = tmp_path / "cache"
    assert run(clip, tmp_path / "dub.mp4", cache).digest == usual.digest
    assert list((tmp_path / "usual" / "scans").glob("*/mouths-*"))
    assert list((cache / "scans").glob("*/faces-*"))
    assert not list((cache / "scans").glob("*/mouths-*"))
    monkeypatch.setattr(scanning, "PASSING_BYTES", 1000)
    with pytest.raises(TaskFailed, match="decoded once more"):
        run(clip, tmp_path / "never.mp4", tmp_path / "little")


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ((), True),
        (("ray.cluster=none",), True),
        (("ray.cluster=auto",), False),
        (("cache.dir=s3://bucket/cache",), False),
    ],
)
def test_more_mouths_are_kept_in_passing_where_they_need_not_travel(
    words: tuple[str, ...], more: bool
) -> None:
    kept = mouths_in_passing(load_config(["video=a.mp4", "audio=a.wav", "out=b.mp4", *words]))
    assert kept == (mouths.PASSING_BYTES if more else mouths.MOST_BYTES)
