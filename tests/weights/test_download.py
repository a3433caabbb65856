"""Downloads: what breaks goes on, what is wrong is not kept, what is not a file is not taken for one."""

from __future__ import annotations

import email.message
import io
import logging
import multiprocessing
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.progress import LogProgress
from lipsync_ray.weights.entry import HttpsSource, WeightEntry
from lipsync_ray.weights.https import SecureRedirects, download
from tests.weights.files import BYTES, Web, entry, store, unhashed

BIG = BYTES * 300  # 3 MB


def at(url: str, *more: str) -> tuple[HttpsSource, ...]:
    return tuple(HttpsSource(url=address) for address in (url, *more))


def left(folder: Path) -> list[str]:
    """Everything in the store that is not a note, a pin or a lock."""
    cache, ours = folder / "cache", {".partial", ".checked", ".pinned"}
    names = sorted(path.name for path in (*cache.glob("*"), *cache.glob(".partial/*")))
    return [name for name in names if name not in ours and not name.endswith(".lock")]


def test_a_broken_transfer_goes_on_where_it_stopped(tmp_path: Path, web: Web) -> None:
    web.breaks = [1000, 2000]
    url = web.put("net.bin", BYTES)
    assert store(tmp_path, entry(sources=at(url))).path("net").read_bytes() == BYTES
    assert web.requests == [("net.bin", None), ("net.bin", "bytes=1000-"), ("net.bin", "bytes=3000-")]
    assert left(tmp_path) == ["net.bin"]


def test_a_server_without_ranges_is_asked_for_all_of_it_again(tmp_path: Path, web: Web) -> None:
    web.breaks, web.ranges = [1000], False
    url = web.put("net.bin", BYTES)
    assert store(tmp_path, entry(sources=at(url))).path("net").read_bytes() == BYTES


def test_a_file_that_changed_at_the_server_is_not_glued_together(tmp_path: Path, web: Web) -> None:
    web.breaks = [1000, 0, 0]
    url = web.put("net.bin", BYTES[::-1])
    job = store(tmp_path, entry(sources=at(url)))
    with pytest.raises(WeightsMissing, match="1000 of 10240 bytes came"):
        job.path("net")
    web.put("net.bin", BYTES)
    assert job.path("net").read_bytes() == BYTES


def test_a_later_run_goes_on_after_an_interruption(tmp_path: Path, web: Web) -> None:
    web.breaks = [4000, 0, 0]
    url = web.put("net.bin", BYTES)
    job = store(tmp_path, entry(sources=at(url)))
    with pytest.raises(WeightsMissing):
        job.path("net")
    assert not (tmp_path / "cache" / "net.bin").exists()
    web.requests.clear()
    assert job.path("net").read_bytes() == BYTES
    assert web.requests == [("net.bin", "bytes=4000-")]
    assert left(tmp_path) == ["net.bin"]


def test_a_killed_process_leaves_nothing_but_what_the_next_one_takes_up(tmp_path: Path, web: Web) -> None:
    web.stalls = [len(BYTES)]
    job = store(tmp_path, entry(data=BIG, sources=at(web.put("net.bin", BIG))))
    process = multiprocessing.get_context("spawn").Process(target=job.path, args=("net",))
    process.start()
    parts = (tmp_path / "cache" / ".partial").glob
    while [part.stat().st_size for part in parts("net.bin.????????")] != [len(BYTES)]:
        assert process.is_alive()
        time.sleep(0.05)
    process.kill()
    process.join()
    web.go_on.set()
    web.requests.clear()
    assert job.path("net").read_bytes() == BIG
    assert web.requests == [("net.bin", f"bytes={len(BYTES)}-")]
    assert left(tmp_path) == ["net.bin"]


def test_what_is_left_of_a_broken_source_goes_with_the_success_of_another(tmp_path: Path, web: Web) -> None:
    web.breaks = [4000, 0, 0]
    sources = at(web.put("first.bin", BYTES), web.put("second.bin", BYTES))
    assert store(tmp_path, entry(sources=sources)).path("net").read_bytes() == BYTES
    assert left(tmp_path) == ["net.bin"]


def test_more_than_the_whole_file_is_started_anew(tmp_path: Path, web: Web) -> None:
    url, target = web.put("net.bin", BYTES), tmp_path / "part"
    web.breaks = [4000, 0, 0]
    with pytest.raises(WeightsMissing):
        download(url, target)
    target.write_bytes(BYTES + BYTES)
    download(url, target)
    assert target.read_bytes() == BYTES


def test_other_bytes_at_one_source_are_passed_over(tmp_path: Path, web: Web) -> None:
    sources = at(web.put("wrong.bin", BYTES[::-1]), web.put("right.bin", BYTES))
    assert store(tmp_path, entry(sources=sources)).path("net").read_bytes() == BYTES


def test_other_bytes_everywhere_are_told_with_their_hash(tmp_path: Path, web: Web) -> None:
    sources = at(web.put("wrong.bin", BYTES[::-1]), f"{web.url}/gone.bin")
    with pytest.raises(WeightsCorrupt, match=r"came from http.*wrong\.bin for net is not the published.*404"):
        store(tmp_path, entry(sources=sources)).path("net")
    assert left(tmp_path) == []


@pytest.mark.parametrize("wanted", [entry(), unhashed()])
def test_a_web_page_is_not_taken_for_a_file(tmp_path: Path, web: Web, wanted: WeightEntry) -> None:
    web.types["net.bin"] = "text/html; charset=utf-8"
    url = web.put("net.bin", b"<html>too large to scan for viruses</html>")
    facts = {name: getattr(wanted, name) for name in wanted.__slots__} | {"sources": at(url)}
    with pytest.raises(WeightsMissing, match="answers with a web page"):
        store(tmp_path, WeightEntry(**facts)).path("net")


def test_half_a_file_of_unknown_size_is_not_pinned(tmp_path: Path, web: Web) -> None:
    web.breaks = [1000, 0, 0]
    job = store(tmp_path, unhashed(sources=at(web.put("net.bin", BYTES))))
    with pytest.raises(WeightsMissing, match="1000 of 10240 bytes came"):
        job.path("net")
    assert [status.state for status in job.status()] == ["absent"]


def test_a_download_is_shown_in_megabytes(tmp_path: Path, web: Web) -> None:
    stream = io.StringIO()
    shown = LogProgress(stream)
    job = store(tmp_path, entry(data=BIG, sources=at(web.put("net.bin", BIG))))
    job.path("net", shown)
    shown.close()
    assert stream.getvalue().startswith("fetch net.bin, MB: 3/3, ")


def test_a_refusal_is_final_and_a_break_is_told(
    tmp_path: Path, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(WeightsMissing, match="404"):
        download(f"{web.url}/gone.bin", tmp_path / "x")
    assert len(web.requests) == 1
    web.breaks = [1000]
    with caplog.at_level(logging.WARNING):
        download(web.put("net.bin", BYTES), tmp_path / "x")
    assert "broke" in caplog.text


@pytest.mark.parametrize(("to", "followed"), [("https://b.example/f", True), ("http://b.example/f", False)])
def test_redirects_never_leave_https(to: str, followed: bool) -> None:
    asked = urllib.request.Request("https://a.example/f")
    answer = (asked, io.BytesIO(), 302, "Found", email.message.Message(), to)
    if followed:
        request = SecureRedirects().redirect_request(*answer)
        assert request is not None
        assert request.full_url == to
    else:
        with pytest.raises(urllib.error.HTTPError, match="away from https"):
            SecureRedirects().redirect_request(*answer)
