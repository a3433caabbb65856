"""Tiles over a large face: without seams, without gaps, and only for what is fine."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.enhance.align import SIDE
from lipsync_ray.enhance.tiles import LARGE, LARGEST, OVERLAP, restore_tiles, tile_corners, window
from tests.enhance.stubs import Stub, brighter, picture, same

STEP = SIDE - OVERLAP


@st.composite
def stretches(draw: st.DrawFn) -> tuple[int, int, int]:
    """First and last row of a mask, and the rows of its picture."""
    size = draw(st.integers(1, 4000))
    start = draw(st.integers(0, size - 1))
    return start, draw(st.integers(start + 1, size)), size


@settings(deadline=None)
@given(stretches(), stretches())
def test_tiles_cover_the_mask_and_overlap_alike(
    rows: tuple[int, int, int], columns: tuple[int, int, int]
) -> None:
    corners = list(tile_corners((rows[2], columns[2]), rows[:2], columns[:2]))
    for axis, (start, stop, size) in enumerate((rows, columns)):
        starts = sorted({corner[axis] for corner in corners})
        assert 0 <= starts[0] <= start
        assert starts[-1] + SIDE >= stop
        assert starts[-1] < size
        assert set(np.diff(starts)) <= {STEP}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1200), st.integers(1, 1200), st.integers(0, 1200), st.integers(1, 1200))
def test_weights_of_neighbours_sum_to_one(top: int, height: int, left: int, width: int) -> None:
    total = np.zeros((2600, 2600), np.float32)
    corners = list(tile_corners(total.shape, (top, top + height), (left, left + width)))
    for y, x in corners:
        part = total[y : y + SIDE, x : x + SIDE]
        part += window()[: part.shape[0], : part.shape[1]]
    y0, x0 = np.min(corners, 0) + OVERLAP
    y1, x1 = np.max(corners, 0) + STEP
    np.testing.assert_allclose(total[y0:y1, x0:x1], 1, atol=1e-5)
    assert total[top : top + height, left : left + width].min() > 0


def scene() -> tuple[np.ndarray, np.ndarray]:
    frame = picture((700, 900), 3, cell=5)
    mask = np.zeros(frame.shape[:2], np.uint8)
    mask[150:650, 60:860] = 255
    return frame, mask


def test_a_restorer_that_changes_nothing_leaves_the_picture() -> None:
    frame, mask = scene()
    restorer = same()
    assert np.array_equal(restore_tiles(restorer, frame, frame, mask, 5, 2.0), frame)
    assert len(restorer.numbers) > 1
    assert all(numbers == [5] for numbers in restorer.numbers)


def test_colours_stay_those_of_the_whole_face() -> None:
    frame, mask = scene()
    made = restore_tiles(brighter(40), frame, frame, mask, 0, 2.0)
    assert np.abs(made.astype(int) - frame).max() <= 1


def test_fine_detail_comes_from_the_tiles_without_seams() -> None:
    frame, mask = scene()
    grain = np.zeros((SIDE, SIDE, 1), np.int16)
    grain[::2, ::2] = grain[1::2, 1::2] = 10

    def grained(faces: np.ndarray) -> np.ndarray:
        return (faces + grain).astype(np.uint8)

    made = restore_tiles(Stub(grained), frame, frame, mask, 0, 2.0)
    off = (made.astype(int) - frame)[mask > 0]
    assert off.std() > 3
    assert abs(off.mean()) < 0.5


def test_only_what_a_mask_needs_of_a_tile_is_restored() -> None:
    frame = picture((700, 900), 3, cell=5)
    mask = np.zeros(frame.shape[:2], np.uint8)
    mask[300:400, 350:500] = 255
    restorer = same()
    restore_tiles(restorer, frame, frame, mask, 0, 2.0)
    ((y0, y1, x0, x1),) = restorer.parts
    assert 100 <= y1 - y0 <= 120
    assert 150 <= x1 - x0 <= 170


def test_detail_of_tiles_grows_with_the_face() -> None:
    frame, mask = scene()

    def grained(faces: np.ndarray) -> np.ndarray:
        out = faces.copy()
        out[:, ::2, ::2] += 20
        return out

    found = [
        (restore_tiles(Stub(grained), frame, frame, mask, 0, size).astype(int) - frame)[mask > 0].std()
        for size in (LARGE, 1.6, 1.8, LARGEST)
    ]
    assert found[0] == 0
    assert found == sorted(found)
    assert found[1] < 0.4 * found[-1]


def test_without_a_mask_nothing_is_restored() -> None:
    frame, mask = scene()
    restorer = brighter()
    assert np.array_equal(restore_tiles(restorer, frame, frame, np.zeros_like(mask), 0, 2.0), frame)
    assert restorer.numbers == []
