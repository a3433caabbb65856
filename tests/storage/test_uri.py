"""Places are paths or addresses; what is neither is refused, and no secret is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.storage import uri
from tests.storage.s3 import S3

SECRET = "wJalrXUtnFEMI"


@pytest.mark.parametrize("text", ["s3://b/k", "gs://b", "abfs://c@a/k", "abfss://c@a/k", "S3://b/k"])
def test_addresses_are_known_by_their_scheme(text: str) -> None:
    assert uri.is_remote(text)
    assert uri.checked(text) == text


@pytest.mark.parametrize(
    "text", ["C:\\clips\\a.mp4", "C:/a.mp4", "a:b", "s3:/b/k", "s3", "a/s3://b", "", "-"]
)
def test_everything_else_is_a_path(text: str) -> None:
    assert not uri.is_remote(text)
    assert uri.local_path(text) == Path(text)


def test_file_addresses_are_paths(tmp_path: Path) -> None:
    path = tmp_path / "a b=100%#ü?.mp4"
    path.write_bytes(b"x")
    assert not uri.is_remote(path.as_uri())
    assert uri.local_path(path.as_uri()) == path
    assert uri.local_path("file://localhost/a%20b") == Path("/a b")
    assert uri.name_of(path.as_uri()) == path.name
    assert uri.join(tmp_path.as_uri(), path.name) == str(path)
    store, inside = uri.filesystem(path.as_uri())
    assert store.get_file_info(inside).size == 1
    with pytest.raises(ConfigError, match="another host"):
        uri.local_path("file://nas/a")


@pytest.mark.parametrize(
    ("text", "name", "suffix"),
    [
        ("s3://b/f/a b.MP4", "a b.MP4", ".mp4"),
        ("s3://b/50%41=ü?.wav", "50%41=ü?.wav", ".wav"),
        ("s3://b/folder.d/", "folder.d", ".d"),
        ("s3://b.example", "", ""),
        ("/x/y.tar.GZ", "y.tar.GZ", ".gz"),
        ("y", "y", ""),
    ],
)
def test_names_and_endings(text: str, name: str, suffix: str) -> None:
    assert uri.name_of(text) == name
    assert uri.suffix_of(text) == suffix


def test_joining() -> None:
    assert uri.join("s3://b/f/", "a b", "/c.mp4") == "s3://b/f/a b/c.mp4"
    assert uri.join("s3://b", "", "c") == "s3://b/c"
    assert uri.join("/x", "y", "z") == "/x/y/z"


@pytest.mark.parametrize(
    "text",
    [
        f"s3://AKIA:{SECRET}@bucket/k",
        f"s3://AKIA:{SECRET}/+x@bucket/k",
        f"s3://{SECRET}@bucket/k",
        f"s3://bucket/k?access_key=a&secret_key={SECRET}",
        f"s3://bucket/k?X-Amz-Signature={SECRET}",
        f"gs://bucket/k?access_token={SECRET}",
        f"abfs://container:{SECRET}@account.dfs.core.windows.net/k",
        f"abfs://c@a/k?sig={SECRET}",
        f"abfs://:{SECRET}@account/k",
        f"https://me:{SECRET}@example.org/k",
    ],
)
def test_credentials_in_an_address_are_refused_and_not_repeated(text: str) -> None:
    for use in (uri.checked, uri.filesystem, uri.name_of):
        with pytest.raises(ConfigError) as error:
            use(text)
        assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://host/k", "https:// is not known.*file://, s3://, gs://, abfs://"),
        ("hdfs://host/k", "hdfs:// is not known"),
        ("s3:///k", "names no bucket"),
        ("s3://", "names no bucket"),
        ("s3://b/a//b", "empty part"),
        ("s3://b/k?region=eu-west-1", "option.*AWS_REGION"),
    ],
)
def test_wrong_addresses_are_refused(text: str, words: str) -> None:
    for use in (uri.checked, uri.filesystem):
        with pytest.raises(ConfigError, match=words):
            use(text)


def test_a_store_is_no_path() -> None:
    with pytest.raises(ConfigError, match=r"bucket/k is in a store \(gs\)"):
        uri.local_path("gs://bucket/k")


def test_other_clouds_are_set_up_without_asking_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", "a2V5")
    for text, kind, path in (
        ("gs://bucket/a b/%41.mp4", "gcs", "bucket/a b/%41.mp4"),
        ("abfs://container@account.dfs.core.windows.net/k", "abfs", "container/k"),
        ("abfss://container@account/k", "abfs", "container/k"),
    ):
        store, inside = uri.filesystem(text)
        assert (store.type_name, inside) == (kind, path)
    with pytest.raises(ConfigError, match="needs its account"):
        uri.filesystem("abfs://container/k")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "account")
    assert uri.filesystem("abfs://container/k")[1] == "container/k"


def test_the_endpoint_comes_from_the_environment(
    s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
    monkeypatch.setenv(
        "AWS_ENDPOINT_URL", "http://127.0.0.1:9"
    )  # for all services; the one for S3 goes first
    monkeypatch.delenv("AWS_REGION")
    store, path = uri.filesystem(f"{bucket}/none")
    assert store.get_file_info(path).size is None
    assert s3.requests
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "127.0.0.1:9")
    with pytest.raises(ConfigError, match="write https://host:port"):
        uri.filesystem(bucket)
