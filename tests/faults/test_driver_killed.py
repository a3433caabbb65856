"""A driver that is killed, at whatever moment: the next one goes on, and nothing tells of it."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

from tests.faults.conftest import Talk
from tests.faults.files import Home, digest, sidecar

KILLS = 20


def finished(home: Home) -> dict[str, dict[str, Any]]:
    """Records of the artifacts in the cache, by name."""
    return {path.stem: json.loads(path.read_text()) for path in (home.cache / "jobs").glob("*/0*.json")}


def age(home: Home) -> None:
    """Make private folders look old enough to be somebody's leftovers."""
    for path in home.tmp.glob("lsr-*"):
        os.utime(path, (1, 1))


def check_done(home: Home, out: Path, talk: Talk, known: dict[str, dict[str, Any]]) -> None:
    """The output is that of an undisturbed run, made of what earlier runs had finished."""
    assert digest(out) == talk.digests[0]
    told = {record["name"]: record for record in sidecar(out)["chunks"]}
    assert len(told) == talk.pieces
    # What rendering took is measured: an artifact made anew would tell other times.
    assert {name: told[name]["seconds"] for name in known} == {n: r["seconds"] for n, r in known.items()}
    assert home.leftovers() == []


def test_twenty_kills_at_any_moment_leave_no_trace(home: Home, talk: Talk) -> None:
    out = home.out / "talk.mp4"
    words = ("run", *talk.words(0), f"out={out}", "ray.cluster=none")
    begun = time.monotonic()
    assert home.start(*words).code() == 0
    whole_s = time.monotonic() - begun
    dice, kills, resumed = random.Random(7), 0, 0
    known: dict[str, dict[str, Any]] = {}
    while kills < KILLS:
        out.unlink(missing_ok=True)
        driver = home.start(*words)
        time.sleep(dice.uniform(0.05, 0.7) * whole_s)
        if driver.running():
            driver.kill()
            kills += 1
            now = finished(home)
            assert out.exists() or known.items() <= now.items()
            known = now
            resumed += bool(known)
            age(home)
        else:
            assert driver.code() == 0, driver.log
            check_done(home, out, talk, known)
            known = {}
    assert home.start(*words).code() == 0
    check_done(home, out, talk, known)
    assert resumed > 3, "too few kills came while chunks were rendered"
