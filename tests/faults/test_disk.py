"""Disks that are full, and folders that cannot be written or are gone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lipsync_ray.batch.ledger import read_ledger
from tests.faults.conftest import Talk
from tests.faults.driver import Driver
from tests.faults.files import AT_ONCE, Home, digest, sidecar


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """Let a folder be a disk of so many bytes."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here: needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def grow(folder: Path) -> None:
    """Give the disk room."""
    subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)


def start(home: Home, talk: Talk, out: Path, environment: Mapping[str, str] = AT_ONCE) -> Driver:
    return home.start("run", *talk.words(0), f"out={out}", "ray.cluster=none", **environment)


def check_told(driver: Driver, code: str) -> None:
    """One line with the code, and the exit status of a failure."""
    assert driver.code() == 1, driver.log
    errors = [line for line in driver.log.splitlines() if line.startswith("lipsync_ray:")]
    assert len(errors) == 1
    assert errors[0].startswith(f"lipsync_ray: {code}: ")
    assert "Traceback" not in driver.log


@pytest.mark.parametrize("kilobytes", [4, 24, 60, 100])
def test_a_full_disk_of_the_cache_is_told_and_may_be_mended(home: Home, talk: Talk, kilobytes: int) -> None:
    out = home.out / "talk.mp4"
    with small_disk(home.cache, kilobytes << 10):
        check_told(start(home, talk, out), "OUTPUT_UNWRITABLE")
        assert not out.exists()
        grow(home.cache)
        assert start(home, talk, out).code() == 0
        assert digest(out) == talk.digests[0]
        assert home.leftovers() == []


def test_a_full_disk_of_the_output_keeps_what_is_rendered(scanned: Home, talk: Talk) -> None:
    out = scanned.out / "talk.mp4"
    with small_disk(scanned.out, 16 << 10):
        check_told(start(scanned, talk, out), "OUTPUT_UNWRITABLE")
        assert list(scanned.out.iterdir()) == []
        kept = records(scanned)
        assert len(kept) == talk.pieces
        grow(scanned.out)
        assert start(scanned, talk, out).code() == 0
        assert {record["name"]: record["seconds"] for record in sidecar(out)["chunks"]} == kept
        assert digest(out) == talk.digests[0]
        assert scanned.leftovers() == []


def test_an_output_folder_that_vanishes_keeps_what_is_rendered(scanned: Home, talk: Talk) -> None:
    out = scanned.out / "talk.mp4"
    driver = start(scanned, talk, out, {})
    driver.until(lambda: bool(records(scanned)))
    scanned.out.rmdir()
    check_told(driver, "OUTPUT_UNWRITABLE")
    kept = records(scanned)
    assert len(kept) == talk.pieces
    check_told(start(scanned, talk, out), "OUTPUT_UNWRITABLE")
    scanned.out.mkdir()
    assert start(scanned, talk, out).code() == 0
    assert {record["name"]: record["seconds"] for record in sidecar(out)["chunks"]} == kept
    assert digest(out) == talk.digests[0]
    assert scanned.leftovers() == []


def test_a_batch_on_a_full_disk_says_so_and_goes_on_later(scanned: Home, talk: Talk) -> None:
    words = ("batch", *talk.words(0), f"out_dir={scanned.out}", "ray.cluster=none")
    with small_disk(scanned.out, 32 << 10):
        driver = scanned.start(*words, **AT_ONCE)
        assert driver.code() in (1, 2), driver.log
        assert "OUTPUT_UNWRITABLE" in driver.log
        assert "Traceback" not in driver.log
        grow(scanned.out)
        assert Driver(["retry", f"out_dir={scanned.out}"], home=scanned.tmp).code() == 0
        again = scanned.start(*words, **AT_ONCE)
        assert again.code() == 0, again.log
        assert [row.state for row in read_ledger(str(scanned.out))] == ["done"]
        assert digest(scanned.out / "videos" / "talk.mp4") == talk.digests[0]
        assert scanned.leftovers() == []


def records(home: Home) -> dict[str, dict[str, float]]:
    """What rendering the artifacts in the cache took."""
    found = (json.loads(path.read_text()) for path in (home.cache / "jobs").glob("*/0*.json"))
    return {record["name"]: record["seconds"] for record in found}
