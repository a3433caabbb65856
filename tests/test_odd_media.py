"""The whole pipeline on awkward kinds of video: times, tags and pixels are the source's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.dubbing import dub
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from lipsync_ray.overrides import load_config
from tests.corpus.stock import EXAMPLES, FRAMES, Kind, write_clip

HDR = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"


_X265 = "log-level=none:keyint=5:open-gop=1:bframes=3"
KINDS = {
    "phone": Kind(size=(240, 320), degrees=-90, audio=True),
    "upside down": Kind(suffix="mov", degrees=180, pix_fmt="yuv422p"),
    "hdr": Kind(
        codec="libx265",
        pix_fmt="yuv420p10le",
        tags=(9, 16, 9, 1),
        options={"x265-params": f"{_X265}:master-display={HDR}:max-cll=1000,400"},
    ),
    "broadcast": Kind(suffix="ts", rate=Fraction(60000, 1001), options={"bf": "3", "g": "6"}, audio=True),
    "program stream": Kind(
        suffix="mpg", codec="mpeg2video", options={"g": "5", "bf": "2", "q": "2"}, aspect=Fraction(4, 3)
    ),
    "irregular": Kind(suffix="mkv", gaps=(3, 4, 9), rate=Fraction(24000, 1001), tags=(1, 1, 1, 1)),
    "odd size": Kind(suffix="webm", codec="libvpx-vp9", size=(321, 239), options={"cpu-used": "8"}),
    "jpegs": Kind(suffix="avi", codec="mjpeg", pix_fmt="yuvj420p", tags=(2, 2, 5, 2), options={"q": "2"}),
    "card in the middle": Kind(blank=(5, 6, 7, 8), tags=(6, 6, 6, 1), pix_fmt="yuv444p"),
}


def frames_of(table: FrameTable) -> Iterator[Frame]:
    with open_reader(table) as reader:
        yield from reader.frames(range(len(table)))


def outside(shape: tuple[int, ...], boxes: list[list[int]], shift_x: int, shift_y: int) -> np.ndarray:
    """``bool[h,w]``: samples of a plane that belong to no crop."""
    free = np.ones(shape, bool)
    for x0, y0, x1, y1 in boxes:
        free[y0 >> shift_y : -(-y1 >> shift_y), x0 >> shift_x : -(-x1 >> shift_x)] = False
    return free


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_video_is_dubbed_and_otherwise_kept(name: str, tmp_path: Path, cache: Path) -> None:
    kind = KINDS[name]
    source, out = tmp_path / f"in.{kind.suffix}", tmp_path / "out.mp4"
    write_clip(kind, source)
    words = [
        "encode.preset=ultrafast",
        "quality.enabled=false",
        "encode.crf=0",
        "ray.cluster=none",
        f"cache.dir={cache}",
    ]
    dub(load_config([f"video={source}", f"audio={EXAMPLES / 'hello.wav'}", f"out={out}", *words]))
    assert {path.name for path in tmp_path.iterdir()} == {source.name, "out.mp4", "out.json"}

    given, made = build_table(source), build_table(out)
    assert len(given) == FRAMES - len(kind.gaps)
    np.testing.assert_allclose(made.times(), given.times(), atol=1e-4)
    assert (given.video.width, given.video.height) == kind.size
    assert (made.video.rotation, made.video.sample_aspect_ratio) == (0, given.video.sample_aspect_ratio)
    assert kind.aspect == made.video.sample_aspect_ratio
    for tag in ("primaries", "transfer", "matrix", "mastering", "light"):
        assert getattr(made.video.colour, tag) == getattr(given.video.colour, tag)
    assert made.video.layout.full_range == given.video.layout.full_range
    assert made.video.layout.pix_fmt == given.video.layout.pix_fmt
    assert (given.video.colour.mastering == HDR) == (name == "hdr")

    boxes = list(json.loads(out.with_suffix(".json").read_text("utf-8"))["plan"]["crops"].values())
    changed = []
    for before, after in zip_longest(frames_of(given), frames_of(made)):
        for number, (old, new) in enumerate(zip(before.planes, after.planes, strict=True)):
            new = new[: old.shape[0], : old.shape[1]]  # odd sizes are padded
            shift = (before.layout.shift_x, before.layout.shift_y) if number else (0, 0)
            free = outside(old.shape, boxes, *shift)
            assert np.array_equal(old[free], new[free]), f"frame {before.index}, plane {number}"
            if number == 0:
                changed.append(np.mean(new.astype(float) - old) / (1 << (before.layout.depth - 8)))
    assert abs(np.mean(changed)) < 0.7, "the picture is darker or brighter than its source"
    assert any(changed), "nobody speaks"
    assert not any(changed[number] for number in kind.blank)
