"""The first signal lets what runs be finished, the second stops at once; the next run goes on from there."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from lipsync_ray.batch.ledger import read_ledger
from tests.faults.conftest import Talk
from tests.faults.driver import Driver, Events
from tests.faults.files import AT_ONCE, Home, digest, sidecar

SIGNALS = (signal.SIGINT, signal.SIGTERM)
HERE, RAY = "ray.cluster=none", "ray.cluster=local"
FOR_EVER = {"TOY_NAP": "600"}


def batch(home: Home, talk: Talk, cluster: str, **environment: str) -> tuple[Driver, Events]:
    """A batch of one dub."""
    video, _, *rest = talk.words(0)
    sound = f"audio={talk.sounds[0]}"
    words = ("batch", video, sound, f"out_dir={home.out}", cluster, "ray.workers=2", *rest)
    return home.start(*words, **environment), Events(path=home.out / "events.jsonl")


def states(home: Home) -> list[str]:
    return [row.state for row in read_ledger(str(home.out))]


@pytest.mark.parametrize(("cluster", "number"), [(HERE, signal.SIGINT), (RAY, signal.SIGTERM)])
def test_a_batch_finishes_what_runs_and_goes_on_from_there(
    scanned: Home, talk: Talk, cluster: str, number: signal.Signals
) -> None:
    driver, events = batch(scanned, talk, cluster)
    driver.until(lambda: len(events.of("done", "chunk")) >= 2)
    driver.send(number)
    assert driver.code() == 4, driver.log
    assert "INTERRUPTED" in driver.log.splitlines()[-1]
    assert len(events.of("draining")) == 1
    before = events.of("done", "chunk")
    assert len(events.of("started", "chunk")) == len(before) < 6
    assert states(scanned) == ["waiting"]
    again, _ = batch(scanned, talk, HERE, **AT_ONCE)
    assert again.code() == 0, again.log
    done = Counter(event["task"] for event in events.of("done", "chunk"))
    assert len(done) == done.total() == 6
    assert digest(scanned.out / "videos" / "talk.mp4") == talk.digests[0]
    assert states(scanned) == ["done"]
    assert scanned.leftovers() == []


@pytest.mark.parametrize(("cluster", "number"), [(HERE, signal.SIGTERM), (RAY, signal.SIGINT)])
def test_a_second_signal_stops_a_batch_at_once(
    scanned: Home, talk: Talk, cluster: str, number: signal.Signals
) -> None:
    driver, events = batch(scanned, talk, cluster, **FOR_EVER)
    driver.until(lambda: bool(events.of("started", "chunk")))
    driver.send(number)
    if cluster == RAY:  # else the only process is busy drawing, and tells nothing
        driver.until(lambda: bool(events.of("draining")))
        assert "running pieces are finished first" in driver.log
    driver.send(number)
    assert driver.code() == 4, driver.log
    assert states(scanned) == ["waiting"]
    assert events.of("done", "chunk") == []
    again, _ = batch(scanned, talk, HERE, **AT_ONCE)
    assert again.code() == 0, again.log
    assert digest(scanned.out / "videos" / "talk.mp4") == talk.digests[0]
    assert scanned.leftovers() == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_finishes_what_runs_too(scanned: Home, talk: Talk, number: signal.Signals) -> None:
    out, jobs = scanned.out / "talk.mp4", scanned.cache / "jobs"
    words = ("run", *talk.words(0), f"out={out}", "ray.cluster=none")
    driver = scanned.start(*words)
    driver.until(lambda: len(list(jobs.glob("*/0*.json"))) >= 2)
    driver.send(number)
    assert driver.code() == 4, driver.log
    assert not out.exists()
    kept = {path.stem: path.stat().st_mtime_ns for path in jobs.glob("*/0*.json")}
    assert 2 <= len(kept) < talk.pieces
    again = scanned.start(*words, **AT_ONCE)
    assert again.code() == 0, again.log
    assert kept.keys() <= {record["name"] for record in sidecar(out)["chunks"]}
    assert digest(out) == talk.digests[0]
    assert scanned.leftovers() == []
