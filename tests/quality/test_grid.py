from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.media.frame import Box
from lipsync_ray.quality.grid import PLACES, difference_outside, luma_grid
from tests.quality.faces import SIZE, lighter, textured

MIDDLE = Box(x0=60, y0=80, x1=180, y1=200)


def test_places_are_spread_over_the_whole_picture() -> None:
    frame = textured()
    frame.planes[0][:] = np.arange(SIZE)  # each column its own number
    columns = luma_grid(frame)[0]
    assert len(columns) == PLACES
    assert columns[0] < SIZE // PLACES
    assert columns[-1] >= SIZE - SIZE // PLACES


@pytest.mark.parametrize("depth", [8, 10])
def test_a_difference_is_told_in_levels_of_8_bits(depth: int) -> None:
    before = textured(depth=depth)
    after = lighter(before, 3 << (depth - 8))
    assert difference_outside(after, luma_grid(before), None) == pytest.approx(9)
    assert difference_outside(after, luma_grid(before), MIDDLE) == pytest.approx(9)
    assert difference_outside(before, luma_grid(before), MIDDLE) == 0


def test_what_changes_inside_the_box_does_not_count() -> None:
    before, after = textured(), textured()
    after.planes[0][MIDDLE.y0 : MIDDLE.y1, MIDDLE.x0 : MIDDLE.x1] = 0
    assert difference_outside(after, luma_grid(before), MIDDLE) == 0
    assert difference_outside(after, luma_grid(before), None) > 100
    for y, x in ((slice(0, MIDDLE.y0), slice(None)), (slice(None), slice(MIDDLE.x1, None))):
        spoilt = textured()
        spoilt.planes[0][y, x] = 0
        assert difference_outside(spoilt, luma_grid(before), MIDDLE) > 100


def test_where_all_is_inside_nothing_is_known() -> None:
    whole = Box(x0=0, y0=0, x1=SIZE, y1=SIZE)
    assert np.isnan(difference_outside(textured(), luma_grid(textured(1)), whole))


def test_pictures_smaller_than_the_grid_are_seen_whole() -> None:
    assert luma_grid(textured(size=24)).shape == (24, 24)
