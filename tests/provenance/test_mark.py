"""The visible mark: in its corner, in every frame, however the job is cut; nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.media.mark import LONGEST_MARK, markable, marked
from tests.provenance.conftest import Home

MARK = "provenance.visible_mark=AI-edited"


def grey(width: int, height: int, layout: PixelLayout, level: int) -> Frame:
    planes = (np.full((height, width), level << (layout.depth - 8), layout.dtype),)
    chroma = np.full(layout.chroma_shape(height, width), 90 << (layout.depth - 8), layout.dtype)
    return Frame(index=0, planes=(*planes, chroma, chroma), layout=layout)


@pytest.mark.parametrize("size", [(16, 16), (65, 49), (320, 180), (1080, 1920), (3840, 2160)])
@pytest.mark.parametrize(("depth", "shifts"), [(8, (1, 1)), (10, (1, 0)), (8, (0, 0))])
def test_it_stays_in_its_corner(size: tuple[int, int], depth: int, shifts: tuple[int, int]) -> None:
    layout = PixelLayout(depth=depth, shift_x=shifts[0], shift_y=shifts[1])
    for text in ("AI-edited", "W" * LONGEST_MARK):
        before = grey(*size, layout, 200)
        after = marked(before, text)
        for plane, old in zip(after.planes, before.planes, strict=True):
            assert plane.shape == old.shape
            assert plane.dtype == old.dtype
            rows, columns = np.nonzero(plane != old)
            assert len(rows)
            if min(size) > 60:
                assert rows.min() > 0.7 * plane.shape[0]
                assert columns.min() > 0.2 * plane.shape[1] or text != "AI-edited"


@pytest.mark.parametrize("level", [16, 128, 235])
def test_letters_differ_from_what_is_around_them(level: int) -> None:
    luma = marked(grey(640, 360, PixelLayout(), level), "AI-edited").planes[0]
    plate = luma[luma != level]
    assert plate.max() >= 175
    assert int(plate.max()) - int(np.median(plate)) > 50


def test_only_ascii_can_be_drawn() -> None:
    assert markable("AI-edited")
    assert not any(map(markable, ("", "   ", "généré", "a\nb", "x" * (LONGEST_MARK + 1))))


def test_it_is_drawn_once_in_every_frame_however_the_job_is_cut(home: Home, tmp_path: Path) -> None:
    cuts = {"one": "chunk.seconds=60", "three": "chunk.seconds=0.32 chunk.overlap=2"}
    results = {
        name: home.dub(tmp_path / f"{name}.mp4", "encode.crf=0", "provenance=off", MARK, *cut.split())
        for name, cut in cuts.items()
    }
    plain = home.dub(tmp_path / "plain.mp4", "encode.crf=0", "provenance=off")
    assert results["one"].digest == results["three"].digest != plain.digest
    told = json.loads((tmp_path / "three.json").read_text())
    assert len(told["plan"]["chunks"]) > 1
    pictures = [lumas(tmp_path / f"{name}.mp4") for name in ("one", "three", "plain")]
    for one, three, without in zip(*pictures, strict=True):
        assert np.array_equal(one, three)
        rows, columns = np.nonzero(one != without)
        assert rows.min() > 0.75 * one.shape[0]
        assert columns.min() > 0.5 * one.shape[1]


def lumas(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
