"""Faces keep their numbers from range to range, and lose them at cuts."""

from __future__ import annotations

import numpy as np

from lipsync_ray.faces.link import link

LEFT, RIGHT = (10, 10, 50, 50), (110, 10, 150, 50)
Sight = tuple[int, int, tuple[int, int, int, int]]


def linked(sights: list[Sight], ranges: list[tuple[int, int]], cuts: list[int]) -> list[int]:
    columns = {
        "frame": np.array([frame for frame, _, _ in sights], np.int64),
        "face": np.array([face for _, face, _ in sights], np.int32),
        "box": np.array([box for _, _, box in sights], np.float32),
    }
    return link(columns, ranges, np.array(cuts, np.int64)).tolist()


def test_a_face_goes_on_where_the_next_range_begins() -> None:
    first = [(frame, face, box) for frame in range(8, 10) for face, box in ((0, LEFT), (1, RIGHT))]
    second = [(frame, face, box) for frame in range(10, 12) for face, box in ((0, RIGHT), (1, LEFT))]
    assert linked(first + second, [(0, 10), (10, 20)], [0]) == [0, 1, 0, 1, 1, 0, 1, 0]


def test_no_face_keeps_its_number_across_a_cut() -> None:
    sights = [(frame, 0, LEFT) for frame in range(6)]
    assert linked(sights, [(0, 6)], [0, 3]) == [0, 0, 0, 1, 1, 1]
    assert linked(sights, [(0, 3), (3, 6)], [0, 3]) == [0, 0, 0, 1, 1, 1]
    assert linked(sights, [(0, 6)], [0]) == [0] * 6
