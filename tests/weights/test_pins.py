"""A file without a published hash: whatever came first is the one from then on."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
from pathlib import Path

import pytest

from lipsync_ray.errors import WeightsCorrupt
from lipsync_ray.weights.entry import HttpsSource
from lipsync_ray.weights.store import WeightStore
from tests.weights.files import BYTES, Web, entry, sha256, store, unhashed


def pin(folder: Path, name: str = "net") -> Path:
    return folder / "cache" / ".pinned" / f"{name}.json"


def pulled(job: WeightStore) -> str:
    try:
        return job.path("net").parent.name
    except WeightsCorrupt:
        return "corrupt"


def test_the_first_file_is_pinned_and_said_once(
    tmp_path: Path, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    job = store(tmp_path, unhashed(sources=(HttpsSource(url=web.put("net.bin", BYTES)),)))
    with caplog.at_level(logging.WARNING, logger="lipsync_ray"):
        assert job.path("net") == job.path("net") == tmp_path / "cache" / "net.bin"
    assert caplog.text.count("pinned on first use: net") == 1
    assert json.loads(pin(tmp_path).read_text("utf-8"))["sha256"] == sha256(BYTES)
    assert job.digest("net") == sha256(BYTES)


def test_another_file_from_the_same_place_is_refused(tmp_path: Path, web: Web) -> None:
    job = store(tmp_path, unhashed(sources=(HttpsSource(url=web.put("net.bin", BYTES)),)))
    path = job.path("net")
    path.unlink()
    web.put("net.bin", BYTES[::-1])
    with pytest.raises(WeightsCorrupt, match=rf"pinned on first use.*delete {pin(tmp_path)}"):
        job.path("net")
    assert not path.exists()
    pin(tmp_path).unlink()
    assert job.path("net").read_bytes() == BYTES[::-1]


def test_a_changed_file_is_mended_from_its_source_or_refused(tmp_path: Path, web: Web) -> None:
    sources = (HttpsSource(url=web.put("net.bin", BYTES)),)
    job = store(tmp_path, unhashed(sources=sources))
    job.path("net").write_bytes(b"damaged")
    assert [status.state for status in job.status()] == ["corrupt"]
    offline = store(tmp_path, unhashed(sources=sources), offline=True)
    with pytest.raises(WeightsCorrupt, match="pinned on first use"):
        offline.path("net")
    assert job.path("net").read_bytes() == BYTES


def test_a_file_of_the_users_folder_is_pinned_too(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "net.bin").write_bytes(BYTES)
    job = store(tmp_path, unhashed(), directory=str(own))
    assert [status.state for status in job.status()] == ["unpinned"]
    assert job.path("net") == own / "net.bin"
    assert [status.state for status in job.status()] == ["pinned"]
    (own / "net.bin").write_bytes(b"another training")
    with pytest.raises(WeightsCorrupt, match="pinned on first use"):
        job.path("net")
    assert [status.state for status in job.verify()] == ["corrupt"]


def test_a_known_size_holds_without_a_hash(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "net.bin").write_bytes(BYTES[1:])
    with pytest.raises(WeightsCorrupt, match="10239 bytes of 10240"):
        store(tmp_path, entry(sha256=None), directory=str(own)).path("net")
    assert not pin(tmp_path).exists()


def test_a_hash_that_is_published_later_counts_more_than_the_pin(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "net.bin").write_bytes(BYTES)
    store(tmp_path, unhashed(), directory=str(own)).path("net")
    assert store(tmp_path, entry(), directory=str(own)).path("net") == own / "net.bin"
    with pytest.raises(WeightsCorrupt, match="not the published file"):
        store(tmp_path, entry(data=b"published"), directory=str(own)).path("net")


def test_of_many_processes_with_different_files_one_wins(tmp_path: Path) -> None:
    jobs = []
    for number in range(4):
        own = tmp_path / f"mine{number}"
        own.mkdir()
        (own / "net.bin").write_bytes(BYTES + bytes([number]))
        jobs.append(store(tmp_path, unhashed(), directory=str(own)))
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map(pulled, jobs * 3, chunksize=1)
    assert len(set(found)) == 2
    assert found.count("corrupt") == 9


def test_a_read_only_store_still_serves(tmp_path: Path) -> None:
    own, cache = tmp_path / "mine", tmp_path / "cache"
    own.mkdir()
    (own / "net.bin").write_bytes(BYTES)
    cache.mkdir(mode=0o555)
    if os.access(cache, os.W_OK):
        cache.rmdir()
        cache.write_text("root may write everywhere, but not below a file")
    job = store(tmp_path, unhashed(), directory=str(own))
    assert job.path("net") == own / "net.bin"
    assert job.digest("net") == sha256(BYTES)
