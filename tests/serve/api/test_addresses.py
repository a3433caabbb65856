from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve import addresses
from lipsync_ray.serve.addresses import check_prefixes, input_of
from lipsync_ray.serve.problems import Problem
from lipsync_ray.storage.files import Stat


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(b"a")
    (tmp_path / "in-evil").mkdir()
    (tmp_path / "in-evil" / "a.mp4").write_bytes(b"b")
    (tmp_path / "in" / "out.mp4").symlink_to(tmp_path / "in-evil" / "a.mp4")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "uri",
    [
        "{}/in-evil/a.mp4",
        "{}/in/../in-evil/a.mp4",
        "{}/in/%2e%2e/in-evil/a.mp4",
        "{}/in/..%2fin-evil/a.mp4",
        "{}/in/out.mp4",
        "{}/in/up/in-evil/a.mp4",
        "{}/in",
        "{}/in/missing.mp4",
        "{}/in/a.mp4%00",
    ],
)
def test_files_outside_are_refused_alike(tree: Path, uri: str) -> None:
    with pytest.raises(Problem) as caught:
        input_of(uri.format(tree.as_uri()), [f"{tree.as_uri()}/in"])
    assert caught.value.status == 422
    # Which files there are elsewhere must not be found out.
    assert caught.value.detail == "there is no such file where inputs may lie (serve.inputs)"


def test_a_file_inside_is_found(tree: Path) -> None:
    file = input_of(f"{tree.as_uri()}/in/a.mp4", [f"{tree.as_uri()}/in/"])
    assert (file.place, file.bytes) == (str((tree / "in" / "a.mp4").resolve()), 1)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket-evil/in/a.mp4",
        "s3://bucket/in-evil/a.mp4",
        "s3://bucket/in/../secret/a.mp4",
        "s3://bucket/in/%2e%2e/a.mp4",
        "s3://bucket/in/%2E./a.mp4",
        "s3://bucket/in/./a.mp4",
        "s3://bucket/in//a.mp4",
        "s3://bucket/in\\..\\a.mp4",
        "s3://key:word@bucket/in/a.mp4",
        "s3://bucket/in/a.mp4?endpoint_override=evil",
        "s3://bucket/in/*.mp4",
        "s3://bucket",
        "s3://",
        "gs://bucket/in/a.mp4",
        "abfs://bucket@account/in/a.mp4",
        "file://elsewhere/etc/passwd",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "/etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "https://example.com/a.mp4",
        "ftp://example.com/a.mp4",
        "concat:a|b",
        "s3://bucket/in/a\n.mp4",
        "",
    ],
)
def test_addresses_outside_are_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setattr(addresses, "stat", lambda place: pytest.fail(f"{place} was asked for"))
    with pytest.raises(Problem) as caught:
        input_of(uri, ["s3://bucket/in/", "file:///srv/in"])
    assert (caught.value.status, caught.value.code) == (422, "URI")


def test_an_address_inside_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "stat", lambda place: Stat(size=7, mtime_ns=None))
    file = input_of("S3://bucket/in/a b.mp4", ["s3://bucket/in"])
    assert (file.name, file.place, file.bytes) == ("a b.mp4", "s3://bucket/in/a b.mp4", 7)
    assert input_of("abfs://c@account/a.mp4", ["abfs://c@account"]).place == "abfs://c@account/a.mp4"


def test_prefixes_are_checked_at_the_start() -> None:
    check_prefixes(["s3://bucket/in/", "file:///srv/in", "gs://bucket"])
    for wrong in ("/srv/in", "http://host/", "s3://", "file://host/x"):
        with pytest.raises(ConfigError):
            check_prefixes([wrong])
