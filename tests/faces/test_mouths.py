"""What a scan keeps of mouths is what the video shows there, to the bit, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.faces.mesh import LIPS
from lipsync_ray.faces.mouths import (
    MOST_BYTES,
    KeptMouths,
    MouthKeeper,
    mouth_box,
    mouths_path,
    share_of,
    thin,
)
from lipsync_ray.faces.parts import write_part
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box, Frame, PixelLayout

LAYOUTS = [
    PixelLayout(),
    PixelLayout(siting_x=0.5),
    PixelLayout(depth=10, shift_y=0, siting_y=0.0, matrix="bt2020"),
    PixelLayout(shift_x=0, shift_y=0, siting_y=0.0, full_range=True),
]
MOST = 1 << 20


def noise(index: int, layout: PixelLayout, size: tuple[int, int] = (61, 83)) -> Frame:
    rng = np.random.default_rng(index)
    shapes = (size, layout.chroma_shape(*size), layout.chroma_shape(*size))
    y, u, v = (rng.integers(0, 1 << layout.depth, shape).astype(layout.dtype) for shape in shapes)
    return Frame(index=index, planes=(y, u, v), layout=layout)


def face(x: float, y: float, width: float = 30.0) -> np.ndarray:
    """Landmarks of which only the lips, about (x, y), and the edges of the face mean something."""
    points = np.full((468, 3), np.nan, np.float32)
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    points[LIPS[:20]] = np.stack([x + width / 5 * np.cos(turn), y + width / 9 * np.sin(turn), 0 * turn], 1)
    points[[234, 454]] = [(x - width / 2, y, 0), (x + width / 2, y, 0)]
    return points


def kept(keeper: MouthKeeper, folder: Path, stop: int = 100) -> KeptMouths:
    table = keeper.table()
    if table is not None:
        write_part(table, mouths_path(folder, 0, stop))
    return KeptMouths(folder=folder, ranges=((0, stop),))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.pix_fmt}-{layout.siting_x}")
@given(x=st.floats(-20, 100), y=st.floats(-20, 80), width=st.floats(8, 60))
def test_a_kept_mouth_is_that_of_the_video(
    tmp_path_factory: pytest.TempPathFactory, layout: PixelLayout, x: float, y: float, width: float
) -> None:
    frame, points, keeper = noise(3, layout), face(x, y, width), MouthKeeper(MOST)
    keeper.add(frame, points)
    box = mouth_box(points, frame.width, frame.height)
    found = kept(keeper, tmp_path_factory.mktemp("scan")).crops(np.array([3]), [box])
    np.testing.assert_array_equal(found[0], crop_rgb(frame, box))


def test_frames_come_in_any_order_and_with_several_faces(tmp_path: Path) -> None:
    frames, keeper = [noise(index, PixelLayout()) for index in range(3)], MouthKeeper(MOST)
    for frame in frames:
        keeper.add(frame, face(20, 30))
        keeper.add(frame, face(60, 30))
    wanted = np.array([2, 0, 2, 1])
    boxes = [mouth_box(face(x, 30), 83, 61) for x in (20, 60, 60, 20)]
    found = kept(keeper, tmp_path).crops(wanted, boxes)
    for frame, box, crop in zip(wanted, boxes, found, strict=True):
        np.testing.assert_array_equal(crop, crop_rgb(frames[frame], box))


def test_what_was_not_kept_is_not_there(tmp_path: Path) -> None:
    keeper = MouthKeeper(MOST)
    keeper.add(noise(3, PixelLayout()), face(40, 30))
    inside = mouth_box(face(40, 30), 83, 61)
    beyond = Box(x0=inside.x0 - 1, y0=inside.y0, x1=inside.x1, y1=inside.y1)
    far = Box(x0=0, y0=0, x1=5, y1=5)
    # One pixel beyond may lie in what is kept around it, but without the colour of its neighbours.
    found = kept(keeper, tmp_path).crops(np.array([3, 3, 3, 4, 200]), [inside, beyond, far, inside, inside])
    assert [crop is not None for crop in found] == [True, False, False, False, False]


@pytest.mark.parametrize("pictures", [1, 4])
def test_too_many_pictures_are_none(tmp_path: Path, pictures: int) -> None:
    one = MouthKeeper(MOST)
    one.add(noise(0, PixelLayout()), face(40, 30))
    table = one.table()
    assert table is not None
    keeper = MouthKeeper(pictures * len(table.column("planes")[0].as_buffer()))
    for index in range(pictures):
        keeper.add(noise(index, PixelLayout()), face(40, 30))
    assert keeper.table() is not None
    keeper.add(noise(9, PixelLayout()), face(40, 30))
    assert keeper.table() is None


@pytest.mark.parametrize("other", [noise(1, LAYOUTS[1]), noise(1, LAYOUTS[0], (63, 83))])
def test_a_video_that_changes_on_the_way_keeps_none(other: Frame) -> None:
    keeper = MouthKeeper(MOST)
    keeper.add(noise(0, LAYOUTS[0]), face(40, 30))
    keeper.add(other, face(40, 30))
    assert keeper.table() is None


@pytest.mark.parametrize("damage", ["empty", "half", "end", "within"])
def test_a_damaged_file_is_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    keeper = MouthKeeper(MOST)
    keeper.add(noise(3, PixelLayout()), face(40, 30))
    mouths = kept(keeper, tmp_path)
    path = mouths_path(tmp_path, 0, 100)
    whole = path.read_bytes()
    keeper_planes = bytes(keeper.table().column("planes")[0].as_buffer())  # type: ignore[union-attr]
    at = whole.index(keeper_planes) + len(keeper_planes) // 2
    cut = {"empty": 0, "half": len(whole) // 2, "end": int(0.99 * len(whole)), "within": len(whole)}[damage]
    flipped = bytes([whole[at] ^ 1]) if damage == "within" else whole[at : at + 1]
    path.write_bytes((whole[:at] + flipped + whole[at + 1 :])[:cut])
    assert mouths.crops(np.array([3]), [mouth_box(face(40, 30), 83, 61)]) == [None]
    assert "decoded again" in caplog.text


def test_what_is_more_than_stays_goes(tmp_path: Path) -> None:
    ranges = ((0, 100), (100, 400), (400, 500))
    for (start, stop), beyond in zip(ranges, (1, 0, 1), strict=True):
        size = share_of(MOST_BYTES, (start, stop), 500) + beyond
        with mouths_path(tmp_path, start, stop).open("wb") as file:
            file.truncate(size)
    (tmp_path / "faces").touch()
    mouths_path(tmp_path, 400, 500).unlink()  # by another run
    thin(tmp_path, ranges)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", mouths_path(tmp_path, 100, 400).name]


def test_shares_of_all_ranges_are_no_more_than_the_whole() -> None:
    ranges = [(0, 33), (33, 34), (34, 101)]
    assert sum(share_of(1000, wanted, 101) for wanted in ranges) <= 1000
