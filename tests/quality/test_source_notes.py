from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_ray.artifact import load_notes, notes_path, save_notes
from lipsync_ray.media.frame import Box
from lipsync_ray.media.mark import marked
from lipsync_ray.quality.grid import luma_grid
from lipsync_ray.quality.source_notes import Known, SourceNotes, Witness
from tests.quality.faces import SIZE, landmarks, reference, textured

CROP = Box(x0=40, y0=40, x1=200, y1=220)
COUNT = 7


def known(start: int = 30, shown: Mapping[int, Box] | None = None, mark: str | None = None) -> Known:
    """One who is seen in all frames but one, and one who is never seen."""
    faces = np.full((COUNT, 2, 468, 3), np.nan, np.float32)
    faces[:, 0] = landmarks()
    faces[4, 0] = np.nan
    return Known(
        start=start,
        faces=faces,
        references=(reference(), reference()),
        boxes=(CROP,) * COUNT,
        shown=(shown or {}, {}),
        mark=mark,
    )


def noted(what: Known) -> SourceNotes:
    witness = Witness(what)
    for row in range(COUNT):
        witness.see(textured(row))
    return witness.notes()


def test_each_role_has_its_own_rows_and_every_third_frame_its_detail() -> None:
    notes = noted(known())
    assert np.flatnonzero(np.isfinite(notes.light[:, 0])).tolist() == [0, 1, 2, 3, 5, 6]
    assert np.flatnonzero(np.isfinite(notes.jerk[:, 0])).tolist() == [2, 3]
    assert np.flatnonzero(np.isfinite(notes.detail[:, 0])).tolist() == [0, 3, 6]  # frames 30, 33, 36
    for column in (notes.light, notes.jerk, notes.detail):
        assert np.isnan(column[:, 1]).all()
    np.testing.assert_array_equal(notes.luma[5], luma_grid(textured(5)))


def test_faces_of_the_frames_that_are_shown_are_kept() -> None:
    notes = noted(known(shown={31: CROP, 34: CROP}))
    assert list(notes.faces[0]) == [31, 34]
    assert not notes.faces[1]
    picture = cv2.imdecode(np.frombuffer(notes.faces[0][31], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[1] / picture.shape[0] == pytest.approx(CROP.width / CROP.height, abs=0.01)


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    notes = noted(known(shown={33: CROP}))
    size = save_notes(tmp_path, "00001-ab", notes.to_arrays())
    assert notes_path(tmp_path, "00001-ab").stat().st_size == size
    again = SourceNotes.from_arrays(load_notes(notes_path(tmp_path, "00001-ab")))
    assert again.faces == notes.faces
    for name in (f.name for f in fields(notes) if f.name != "faces"):
        np.testing.assert_array_equal(getattr(again, name), getattr(notes, name))
    assert size < COUNT * 16_000  # a few numbers a frame


def test_a_mark_is_part_of_what_should_be_seen() -> None:
    notes = noted(known(mark="edited"))
    np.testing.assert_array_equal(notes.luma[0], luma_grid(marked(textured(0), "edited")))
    assert (notes.luma[0] != luma_grid(textured(0))).any()


def test_all_frames_must_come() -> None:
    witness = Witness(known())
    witness.see(textured(size=SIZE))
    with pytest.raises(ValueError, match="1 frames were seen of 7"):
        witness.notes()
