from __future__ import annotations

import hashlib
import os

import pytest

from lipsync_ray.errors import MediaError, OutputUnwritable
from lipsync_ray.storage.whole import atomic_path, content_hash


def test_a_finished_file_replaces_the_old_one(tmp_path):
    final = tmp_path / "résumé (1)=a.mp4"
    final.write_bytes(b"old")
    with atomic_path(final) as temp:
        assert temp.parent == final.parent
        assert temp.suffix == ".mp4"
        assert temp.name.startswith(".")
        temp.write_bytes(b"new")
        assert final.read_bytes() == b"old"
    assert final.read_bytes() == b"new"
    assert os.listdir(tmp_path) == [final.name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OSError])
def test_nothing_is_left_behind_by_a_failure(tmp_path, error):
    final = tmp_path / "out.mp4"

    with pytest.raises(error), atomic_path(final) as temp:  # noqa: PT012
        temp.write_bytes(b"half")
        raise error
    assert os.listdir(tmp_path) == []


def test_what_a_killed_writer_left_goes_and_what_a_living_one_writes_stays(tmp_path):
    final = tmp_path / "out [1]*.mp4"
    left, foreign = (tmp_path / f".out [1]*.{name}.mp4" for name in ("0" * 12, "mine"))
    for path in (left, foreign):
        path.write_bytes(b"half")
    with atomic_path(final) as living:
        living.write_bytes(b"half")
        with atomic_path(final) as temp:
            temp.write_bytes(b"whole")
        assert {path.name for path in tmp_path.iterdir()} == {final.name, living.name, foreign.name}
    assert final.read_bytes() == b"half"


def test_an_empty_file_may_be_written(tmp_path):
    with atomic_path(tmp_path / "empty") as temp:
        temp.write_bytes(b"")
    assert (tmp_path / "empty").stat().st_size == 0


def test_a_name_of_full_length_works(tmp_path):
    final = tmp_path / ("ü" * 125 + ".mp4")
    with atomic_path(final) as temp:
        temp.write_bytes(b"x")
    assert final.read_bytes() == b"x"


def test_where_nothing_can_be_written_is_said_first(tmp_path):
    for final, words in ((tmp_path / "no" / "out.mp4", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(OutputUnwritable, match=words), atomic_path(final):
            pytest.fail("the block must not run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputUnwritable, match="read-only"), atomic_path(tmp_path / "out.mp4"):
        pytest.fail("the block must not run")


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(OutputUnwritable), atomic_path(tmp_path / "out.mp4"):
        pass


def test_hash_is_of_the_content(tmp_path):
    data = os.urandom(3_000_000)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(data)
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b") == hashlib.sha256(data).hexdigest()
    with pytest.raises(MediaError, match="cannot read"):
        content_hash(tmp_path / "none")
