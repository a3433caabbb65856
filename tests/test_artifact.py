from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.artifact import (
    ChunkRecord,
    load_overlaps,
    load_record,
    save_notes,
    save_overlaps,
    save_record,
)

NAME = "00003-0123456789abcdef"
CROPS = {number: [np.full((4, 6), number, np.uint8)] * 3 for number in (9, 10, 11)}


@pytest.fixture
def record(tmp_path: Path) -> ChunkRecord:
    """A finished artifact of frames 12 to 20 with overlaps before them, and notes."""
    (tmp_path / f"{NAME}.nut").write_bytes(b"picture")
    size = save_overlaps(tmp_path, NAME, CROPS)
    notes = save_notes(tmp_path, NAME, {"light": np.zeros((8, 1))})
    made = ChunkRecord(
        name=NAME, start=12, stop=20, bytes=7, overlap_bytes=size, note_bytes=notes, digests="d\n" * 7 + "d"
    )
    save_record(tmp_path, made)
    return made


def test_a_finished_artifact_is_found_again(record: ChunkRecord, tmp_path: Path) -> None:
    assert load_record(tmp_path, NAME) == record
    found = load_overlaps(tmp_path, NAME)
    assert list(found) == list(CROPS)
    assert all(np.array_equal(found[number], CROPS[number]) for number in CROPS)


@pytest.mark.parametrize("suffix", [".nut", ".npz", ".notes.npz", ".json"])
@pytest.mark.parametrize("kept", [None, 0, 5])
def test_a_torn_or_missing_file_makes_it_unfinished(
    record: ChunkRecord, tmp_path: Path, suffix: str, kept: int | None
) -> None:
    path = tmp_path / f"{NAME}{suffix}"
    if kept is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:kept])
    assert load_record(tmp_path, NAME) is None


def test_a_record_of_another_kind_or_name_is_none(record: ChunkRecord, tmp_path: Path) -> None:
    save_record(tmp_path, replace(record, name="other"))
    (tmp_path / "other.json").rename(tmp_path / f"{NAME}.json")
    assert load_record(tmp_path, NAME) is None
    (tmp_path / f"{NAME}.json").write_text('{"name": "' + NAME + '", "of": "an older version"}')
    assert load_record(tmp_path, NAME) is None


def test_overlaps_without_a_touched_frame_are_empty(tmp_path: Path) -> None:
    save_overlaps(tmp_path, NAME, {})
    assert load_overlaps(tmp_path, NAME) == {}
