"""A folder that somebody has for another program: its files are found, checked, and may be one's own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError, LicenseRefused, WeightsCorrupt
from lipsync_ray.weights.entry import Archive, ArchiveSource, HttpsSource
from lipsync_ray.weights.own import PLACES
from tests.weights.files import BYTES, Web, entry, sha256, store, unhashed


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, data: bytes = BYTES) -> Path:
    path = folder / name
    assert path.is_relative_to(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("place", PLACES)
def test_files_are_found_where_other_programs_keep_them(tmp_path: Path, own: Path, place: str) -> None:
    path = put(own, str(Path(place) / "net.bin"))
    assert store(tmp_path, entry(), directory=str(own), offline=True).path("net") == path


def test_nothing_else_of_a_folder_is_looked_into(tmp_path: Path, own: Path) -> None:
    put(own, "backup/2019/net.bin")
    assert [s.state for s in store(tmp_path, entry(), directory=str(own)).status()] == ["absent"]


@pytest.mark.parametrize("name", ["s3fd.pth", "checkpoints/anything at all.pth"])
def test_a_twin_is_found_by_its_bytes(tmp_path: Path, own: Path, name: str) -> None:
    put(own, "checkpoints/of the same length.pth", BYTES[::-1])
    path = put(own, name)
    job = store(tmp_path, entry(also=("s3fd.pth",)), directory=str(own), offline=True)
    assert job.path("net") == path
    assert [(s.state, s.path) for s in job.status()] == [("present", path)]
    assert [(s.state, s.path) for s in job.verify()] == [("present", path)]


def test_only_files_of_the_size_are_read_and_only_once(tmp_path: Path, own: Path) -> None:
    put(own, "short.pth", BYTES[1:])
    put(own, "other.pth", BYTES[::-1])
    path = put(own, "twin.pth")
    job = store(tmp_path, entry(), directory=str(own))
    assert job.path("net") == path
    notes = {note.name.split(".pth.")[0]: note.stat().st_mtime_ns for note in checked(tmp_path)}
    assert set(notes) == {"other", "twin"}
    assert job.path("net") == path
    assert {note.name.split(".pth.")[0]: note.stat().st_mtime_ns for note in checked(tmp_path)} == notes


def checked(folder: Path) -> list[Path]:
    return sorted((folder / "cache" / ".checked").glob("*.json"))


@pytest.mark.parametrize(("about", "found"), [(10_200, True), (20_000, False), (None, False)])
def test_a_rounded_size_is_enough_to_look_for_twins(
    tmp_path: Path, own: Path, about: int | None, found: bool
) -> None:
    put(own, "twin.pth")
    job = store(tmp_path, entry(size=None, about=about), directory=str(own))
    assert (job.status()[0].state == "present") is found


def test_a_wrong_file_is_named_with_what_it_is(tmp_path: Path, own: Path) -> None:
    put(own, "net.bin", BYTES[::-1])
    job = store(tmp_path, entry(), entry("older", BYTES[::-1], file="old.pth"), directory=str(own))
    with pytest.raises(WeightsCorrupt, match=r"it is older, old\.pth.*weights\.verify=false"):
        job.path("net")


def test_a_right_file_elsewhere_makes_up_for_a_wrong_one(tmp_path: Path, own: Path) -> None:
    put(own, "net.bin", BYTES[::-1])
    path = put(own, "checkpoints/net.bin")
    job = store(tmp_path, entry(), directory=str(own))
    assert job.path("net") == path
    assert [(s.state, s.path) for s in job.status()] == [("present", path)]


def test_a_mistyped_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a folder"):
        store(tmp_path, entry(), directory=str(tmp_path / "checkponts")).path("net")


def test_ones_own_training_is_taken_as_it_is(tmp_path: Path, own: Path) -> None:
    path = put(own, "net.bin", b"my own training")
    job = store(tmp_path, entry(), directory=str(own), trust=True)
    assert job.path("net") == path
    assert job.digest("net") == sha256(b"my own training")
    assert [s.state for s in job.status()] == ["own"]
    path.write_bytes(b"trained for longer")
    assert job.digest("net") == sha256(b"trained for longer")
    assert not list((tmp_path / "cache").glob(".pinned/*"))


def test_trust_is_for_ones_own_folder_only(tmp_path: Path, own: Path, web: Web) -> None:
    source = HttpsSource(url=web.put("net.bin", BYTES[::-1]))
    job = store(tmp_path, entry(sources=(source,)), directory=str(own), trust=True)
    with pytest.raises(WeightsCorrupt, match="not the published file"):
        job.path("net")


def test_trust_does_not_change_the_terms(tmp_path: Path, own: Path) -> None:
    put(own, "net.bin", b"my own training")
    job = store(tmp_path, entry(commercial="no"), directory=str(own), trust=True, policy="commercial")
    with pytest.raises(LicenseRefused):
        job.path("net")
    with pytest.raises(LicenseRefused):
        job.digest("net")


def test_ones_own_training_at_a_uri_is_copied_anew_when_it_changes(tmp_path: Path, own: Path) -> None:
    put(own, "checkpoints/net.bin", b"first")
    job = store(tmp_path, entry(), directory=own.as_uri(), trust=True)
    assert job.path("net").read_bytes() == b"first"
    put(own, "checkpoints/net.bin", b"second one")
    assert job.path("net").read_bytes() == b"second one"
    assert not (tmp_path / "cache" / "net.bin").exists()  # the published one would be there


def test_a_wrong_file_at_a_uri_is_refused(tmp_path: Path, own: Path) -> None:
    put(own, "net.bin", BYTES[::-1])
    with pytest.raises(
        WeightsCorrupt, match=r"came from file://.*not the published file.*weights\.verify=false"
    ):
        store(tmp_path, entry(), directory=own.as_uri()).path("net")


def test_the_hash_of_a_published_file_needs_no_file(tmp_path: Path) -> None:
    assert store(tmp_path, entry(), offline=True).digest("net") == sha256(BYTES)


# Archives: an entry may be a member of one.


def zipped(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "BFM.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def packed(*urls: str, **facts: object) -> ArchiveSource:
    archive = Archive(file="BFM.zip", urls=urls, **facts)  # type: ignore[arg-type]
    return ArchiveSource(archive=archive, member="net.bin")


@pytest.mark.parametrize("member", ["net.bin", "BFM/net.bin"])
def test_a_member_comes_out_of_an_archive_in_the_folder(tmp_path: Path, own: Path, member: str) -> None:
    zipped(own, {member: BYTES, "01_MorphableModel.mat": b"not needed"})
    job = store(tmp_path, unhashed(sources=(packed(),)), directory=str(own), offline=True)
    assert job.path("net").read_bytes() == BYTES
    assert job.path("net") == tmp_path / "cache" / "net.bin"
    assert [s.state for s in job.status()] == ["pinned"]


def test_an_unpacked_member_goes_first(tmp_path: Path, own: Path) -> None:
    zipped(own, {"net.bin": BYTES[::-1]})
    path = put(own, "BFM/net.bin")
    assert store(tmp_path, unhashed(sources=(packed(),)), directory=str(own)).path("net") == path


@pytest.mark.parametrize("place", ["mine", "cache"])
def test_an_archive_may_lie_at_a_uri_or_in_the_store(tmp_path: Path, own: Path, place: str) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    zipped(tmp_path / place, {"BFM/net.bin": BYTES})
    directory = own.as_uri() if place == "mine" else None
    job = store(tmp_path, entry(sources=(packed(),)), directory=directory, offline=True)
    assert job.path("net").read_bytes() == BYTES


def test_an_archive_is_fetched_for_its_member_alone(tmp_path: Path, own: Path, web: Web) -> None:
    url = web.put("BFM.zip", zipped(own, {"BFM/net.bin": BYTES, "BFM/large.mat": BYTES * 9}).read_bytes())
    job = store(tmp_path, unhashed(sources=(packed(f"{web.url}/gone.zip", url),)))
    assert job.path("net").read_bytes() == BYTES
    kept = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not [name for name in kept if "BFM" in name and not name.endswith(".lock")]


def test_an_archive_with_another_hash_is_refused(tmp_path: Path, own: Path, web: Web) -> None:
    url = web.put("BFM.zip", zipped(own, {"net.bin": BYTES}).read_bytes())
    job = store(tmp_path, entry(sources=(packed(url, sha256="0" * 64),)))
    with pytest.raises(WeightsCorrupt, match=r"BFM\.zip has SHA-256"):
        job.path("net")


@pytest.mark.parametrize("member", ["../../net.bin", "{elsewhere}/net.bin"])
def test_no_member_escapes_the_folder(tmp_path: Path, own: Path, member: str) -> None:
    zipped(own, {member.format(elsewhere=tmp_path): BYTES})
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    job = store(tmp_path, entry(sources=(packed(),)), directory=str(own), offline=True)
    assert job.path("net") == tmp_path / "cache" / "net.bin"
    assert {path for path in tmp_path.rglob("*") if "cache" not in path.parts} == before


@pytest.mark.parametrize("data", [b"no zip at all", b""])
def test_a_broken_archive_is_corrupt(tmp_path: Path, own: Path, data: bytes) -> None:
    put(own, "BFM.zip", data)
    with pytest.raises(WeightsCorrupt, match=r"BFM\.zip holds no net\.bin"):
        store(tmp_path, entry(sources=(packed(),)), directory=str(own), offline=True).path("net")


def test_a_damaged_member_is_corrupt(tmp_path: Path, own: Path) -> None:
    path = own / "BFM.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.bin", BYTES)
    data = bytearray(path.read_bytes())
    data[50:80] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(WeightsCorrupt, match=r"BFM\.zip holds no net\.bin"):
        store(tmp_path, entry(sources=(packed(),)), directory=str(own), offline=True).path("net")
