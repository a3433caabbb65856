"""Stores that refuse, fail or hang up, and a batch that lies in one entirely."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lipsync_ray.storage.files import list_names, upload, write_bytes
from lipsync_ray.weights.store import default_folder
from tests.faults.conftest import Talk
from tests.faults.driver import Driver
from tests.faults.files import AT_ONCE, CUT, SLOW, Home
from tests.storage.s3 import S3, Fault, bucket, cut, deny, fail, s3, s3_server

__all__ = ["bucket", "s3", "s3_server"]


def told_digest(s3: S3, out: str) -> str:
    """The digest in the sidecar of an output in the store."""
    return json.loads(s3.bytes_at(out.replace(".mp4", ".json")))["result"]["digest"]


def start(home: Home, s3: S3, *words: str) -> Driver:
    """A command on this machine alone, whose own cache is of this test."""
    own = home.folder / "own"
    own.mkdir(exist_ok=True)
    if not (own / "weights").exists():
        (own / "weights").symlink_to(default_folder())
    environment = {**s3.environment(), "LIPSYNC_RAY_CACHE": str(own), **AT_ONCE}
    return home.start(*words, "ray.cluster=none", SLOW, *CUT, **environment)


@pytest.fixture
def inputs(bucket: str, talk: Talk) -> tuple[str, str]:
    """The clip and its sound in the store."""
    places = (f"{bucket}/in/talk.mp4", f"{bucket}/in/talk.wav")
    for path, place in zip((talk.clip, talk.sounds[0]), places, strict=True):
        upload(path, place)
    return places


def test_a_batch_lies_in_a_store_entirely(
    s3: S3, bucket: str, inputs: tuple[str, str], home: Home, talk: Talk
) -> None:
    rows = [{"id": name, "video": inputs[0], "audio": inputs[1]} for name in ("one", "two")]
    write_bytes(f"{bucket}/backlog.jsonl", "\n".join(map(json.dumps, rows)).encode())
    words = (
        "batch",
        f"manifest={bucket}/backlog.jsonl",
        f"out_dir={bucket}/out",
        f"cache.dir={bucket}/cache",
    )
    driver = start(home, s3, *words)
    assert driver.code() == 0, driver.log
    digests = {told_digest(s3, f"{bucket}/out/videos/{name}.mp4") for name in ("one", "two")}
    assert digests == {talk.digests[0]}
    assert {"ledger.parquet", "summary.json", "events.jsonl"} <= set(list_names(f"{bucket}/out"))
    assert list_names(f"{bucket}/cache/jobs") == []
    assert home.leftovers() == []
    s3.requests.clear()
    again = start(home, s3, *words)
    assert again.code() == 0, again.log
    assert s3.count("PUT", ".mp4") == 0


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("in/talk.mp4", deny),
        ("in/talk.mp4", cut),
        ("cache/jobs", fail),
        ("out/talk.mp4", deny),
        ("out/", fail),
    ],
)
def test_what_a_store_does_is_told_on_one_line_and_may_be_mended(
    s3: S3, bucket: str, inputs: tuple[str, str], scanned: Home, talk: Talk, what: str, fault: Fault
) -> None:
    out, store = f"{bucket}/out/talk.mp4", bucket.removeprefix("s3://")
    places = (f"video={inputs[0]}", f"audio={inputs[1]}", f"out={out}", f"cache.dir={bucket}/cache")
    for path in talk.scans.rglob("*.*"):
        upload(path, f"{bucket}/cache/scans/{path.relative_to(talk.scans)}")
    s3.faults[f"/{store}/{what}"] = fault
    driver = start(scanned, s3, "run", *places)
    assert driver.code() == 1, driver.log
    errors = [line for line in driver.log.splitlines() if line.startswith("lipsync_ray:")]
    assert len(errors) == 1
    assert errors[0].startswith("lipsync_ray: STORAGE: ")
    assert what.rstrip("/") in errors[0]
    assert "Traceback" not in driver.log
    s3.faults.clear()
    again = start(scanned, s3, "run", *places)
    assert again.code() == 0, again.log
    assert told_digest(s3, out) == talk.digests[0]
    assert list_names(f"{bucket}/out") == ["talk.json", "talk.mp4"]
    assert scanned.leftovers() == []


def test_a_store_that_fails_now_and_then_is_asked_again(
    s3: S3, bucket: str, inputs: tuple[str, str], home: Home, talk: Talk
) -> None:
    asked: dict[Path, int] = {}

    def first_fails(method: str, path: str) -> None:
        asked[Path(path)] = asked.get(Path(path), 0) + 1
        s3.faults.clear()
        if asked[Path(path)] == 1:
            s3.faults[path] = fail

    s3.on_request = first_fails
    out = f"{bucket}/out/talk.mp4"
    words = (f"video={inputs[0]}", f"audio={inputs[1]}", f"out={out}")
    driver = start(home, s3, "run", *words)
    assert driver.code() == 0, driver.log
    s3.on_request = None
    s3.faults.clear()
    assert told_digest(s3, out) == talk.digests[0]
    assert home.leftovers() == []
