"""All shelves keep the same promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.errors import ObjectMissing, OutputUnwritable
from lipsync_ray.storage.shelf import FolderShelf, RemoteShelf, Shelf


@pytest.fixture(params=["folder", "store"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return FolderShelf(folder=tmp_path / "a" / "shelf")
    return RemoteShelf(uri=f"{request.getfixturevalue('bucket')}/a/shelf/")


def test_a_shelf_keeps_files(shelf: Shelf, tmp_path: Path) -> None:
    assert shelf.names() == set()
    for name, data in (("a=1 %.bin", b"one"), ("ü", b""), ("ü", b"two")):
        (tmp_path / "here").write_bytes(data)
        shelf.store(tmp_path / "here", name)
    assert shelf.names() == {"a=1 %.bin", "ü"}
    shelf.fetch("ü", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"two"
    for _ in range(2):
        shelf.remove("ü")
    assert shelf.names() == {"a=1 %.bin"}
    with pytest.raises(ObjectMissing, match="ü does not exist"):
        shelf.fetch("ü", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"two"


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../x", "a\0b"])
def test_names_stay_on_the_shelf(shelf: Shelf, tmp_path: Path, name: str) -> None:
    (tmp_path / "here").write_bytes(b"x")
    with pytest.raises(ValueError, match="no name for a shelf"):
        shelf.store(tmp_path / "here", name)
    with pytest.raises(ValueError, match="no name for a shelf"):
        shelf.fetch(name, tmp_path / "back")
    with pytest.raises(ValueError, match="no name for a shelf"):
        shelf.remove(name)


def test_a_missing_source_leaves_the_shelf_as_it_is(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing, match="gone does not exist"):
        shelf.store(tmp_path / "gone", "x")
    assert shelf.names() == set()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OutputUnwritable, match="cannot make the folder"):
        FolderShelf(folder=tmp_path / "file" / "x").store(tmp_path / "file", "x")
