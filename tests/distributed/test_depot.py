from __future__ import annotations

import io
from pathlib import Path

import pytest

from lipsync_ray.distributed import depot as depots
from lipsync_ray.distributed.depot import DepotFile, DepotShelf, Disk, deliver, fetch
from lipsync_ray.errors import ObjectMissing, OutputUnwritable, StorageError


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depots, "BLOCK", 1000)


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5432])
def test_a_file_comes_and_goes_whole(tmp_path: Path, size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    (tmp_path / "a").write_bytes(data)
    fetch(Disk(), str(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == data
    deliver(Disk(), tmp_path / "b", str(tmp_path / "new" / "c.bin"))
    assert (tmp_path / "new" / "c.bin").read_bytes() == data
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["c.bin"]


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing, match="does not exist on the driver's machine"):
        fetch(Disk(), str(tmp_path / "absent"), tmp_path / "b")
    assert Disk().stat(str(tmp_path / "absent")) is None
    assert Disk().names(str(tmp_path / "absent")) == []


def test_a_delivery_that_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    class Breaks(Disk):
        def write(self, path: str, offset: int, data: bytes) -> None:
            if offset:
                raise StorageError("gone")
            super().write(path, offset, data)

    (tmp_path / "source").write_bytes(b"x" * 3000)
    (tmp_path / "final").write_bytes(b"old")
    with pytest.raises(StorageError, match="gone"):
        deliver(Breaks(), tmp_path / "source", str(tmp_path / "final"))
    assert (tmp_path / "final").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["final", "source"]


def test_a_file_that_shrinks_on_the_way_is_noticed(tmp_path: Path) -> None:
    class Shrinks(Disk):
        def read(self, path: str, offset: int, length: int) -> bytes:
            return super().read(path, offset, length)[: 500 if offset else None]

    (tmp_path / "a").write_bytes(b"x" * 3000)
    with pytest.raises(StorageError, match="changed while it was copied"):
        fetch(Shrinks(), str(tmp_path / "a"), tmp_path / "b")


def test_a_rename_may_be_repeated_but_not_of_half_a_file(tmp_path: Path) -> None:
    disk, half, final = Disk(), str(tmp_path / ".half"), str(tmp_path / "final")
    disk.write(half, 0, b"abc")
    with pytest.raises(StorageError, match="incomplete"):
        disk.rename(half, final, 4)
    disk.rename(half, final, 3)
    disk.rename(half, final, 3)
    assert Path(final).read_bytes() == b"abc"


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match="cannot write"):
        Disk().write(str(tmp_path / "file" / "x"), 0, b"a")


def test_shelf_and_file_over_a_depot(tmp_path: Path) -> None:
    shelf = DepotShelf(depot=Disk(), folder=str(tmp_path / "shelf"))
    (tmp_path / "a").write_bytes(b"0123456789" * 300)
    assert shelf.names() == set()
    shelf.store(tmp_path / "a", "one")
    assert shelf.names() == {"one"}
    file = io.BufferedReader(DepotFile(Disk(), str(tmp_path / "shelf" / "one")), 64)
    file.seek(-10, io.SEEK_END)
    assert file.read() == b"0123456789"
    file.seek(1234)
    assert file.read(2000) == (b"0123456789" * 300)[1234:3234]
    shelf.remove("one")
    shelf.remove("one")
    assert shelf.names() == set()
