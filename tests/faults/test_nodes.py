"""Workers, raylets and nodes that die, go and come in the middle of a batch."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Talk
from tests.faults.driver import Driver, Events
from tests.faults.files import CUT, SLOW, Home, digest, sidecar
from tests.faults.nodes import STORE, Nodes

NAMES = ("a", "b")


def start(home: Home, talk: Talk, nodes: Nodes, *words: str) -> tuple[Driver, Events]:
    """A batch of both dubs on two nodes of the cluster, which both draw."""
    nodes.fill(2)
    nodes.new_meeting()
    manifest = home.inputs / "backlog.jsonl"
    rows = zip(NAMES, talk.sounds, strict=True)
    lines = [json.dumps({"id": name, "video": str(talk.clip), "audio": str(sound)}) for name, sound in rows]
    manifest.write_text("\n".join(lines))
    # A late piece is not given to a second worker: on a busy machine that would be work done twice.
    batch = (f"manifest={manifest}", f"out_dir={home.out}", "ray.cluster=auto", SLOW, *CUT)
    batch = (*batch, "ray.straggler_factor=null")
    return home.start("batch", *batch, *words, **nodes.environment()), Events(path=home.out / "events.jsonl")


def outputs(home: Home) -> list[Path]:
    return [home.out / "videos" / f"{name}.mp4" for name in NAMES]


def check_nothing_done_twice(home: Home, events: Events, talk: Talk) -> None:
    """Every piece was made once, and begun again only if its worker was lost with it."""
    begun, done = (Counter(event["task"] for event in events.of(kind)) for kind in ("started", "done"))
    again = Counter(event["task"] for event in events.of("requeued"))
    assert set(done.values()) == {1}
    assert begun - done == again
    assert again.total() <= len(lost(events))
    for name, out in zip(NAMES, outputs(home), strict=True):
        pieces = [task for task in done if task.startswith((f"{name}/chunk", f"{name}/seam"))]
        assert len(pieces) == talk.pieces == len(sidecar(out)["chunks"])


def both_draw(events: Events) -> bool:
    """Whether the workers of both nodes have finished a chunk."""
    return len({event["worker"] for event in events.of("done", "chunk")}) >= 2


def lost(events: Events) -> list[dict[str, Any]]:
    """Workers that have died, or do not answer: that of a node is known to be dead only after a while."""
    return events.of("worker_died") + events.of("worker_suspect")


def kill_worker(nodes: Nodes, events: Events) -> None:
    """The one that began to draw last."""
    last = events.of("started", "chunk")[-1]["worker"]
    pids = {event["worker"]: event["pid"] for event in events.of("worker_started")}
    os.kill(pids[last], signal.SIGKILL)


def kill_raylet(nodes: Nodes, events: Events) -> None:
    nodes.kill_raylet()


def replace_node(nodes: Nodes, events: Events) -> None:
    nodes.remove()
    nodes.add()


@pytest.mark.parametrize("harm", [kill_worker, kill_raylet, replace_node])
def test_what_is_lost_is_done_again_and_nothing_else(
    nodes: Nodes, scanned: Home, talk: Talk, harm: Callable[[Nodes, Events], None]
) -> None:
    driver, events = start(scanned, talk, nodes)
    driver.until(lambda: both_draw(events))
    harm(nodes, events)
    assert driver.code() == 0, driver.log
    assert tuple(map(digest, outputs(scanned))) == talk.digests
    assert lost(events)
    check_nothing_done_twice(scanned, events, talk)
    assert scanned.leftovers() == []
    assert nodes.leftovers() == []


def test_nodes_that_see_no_common_disk_work_by_copies(nodes: Nodes, scanned: Home, talk: Talk) -> None:
    copies = scanned.folder / "copies"
    apart = ("cache.shared=false", f"cache.copies_dir={copies}")
    driver, events = start(scanned, talk, nodes, *apart)
    driver.until(lambda: both_draw(events))
    kill_worker(nodes, events)
    assert driver.code() == 0, driver.log
    assert tuple(map(digest, outputs(scanned))) == talk.digests
    check_nothing_done_twice(scanned, events, talk)
    # Each input once, for however many workers of the machine.
    assert len([path for path in copies.rglob("*") if path.suffix in (".mp4", ".wav")]) == 3
    assert scanned.leftovers() == []
    assert len(nodes.leftovers()) <= 1  # the killed one's own copies
    nodes.age()


def test_files_larger_than_the_object_stores_travel_without_spilling(
    nodes: Nodes, home: Home, talk: Talk
) -> None:
    padding = 3 * STORE
    large = home.inputs / "large.mp4"
    with large.open("wb") as file:
        file.write(talk.clip.read_bytes() + (padding + 8).to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + padding)
    before = nodes.spilled()
    apart = ("cache.shared=false", f"cache.copies_dir={home.folder / 'copies'}")
    driver, _ = start(home, replace(talk, clip=large), nodes, *apart)
    assert driver.code() == 0, driver.log
    assert tuple(map(digest, outputs(home))) == talk.digests
    assert nodes.spilled() == before
    assert nodes.spilled(put=2 * STORE) > before, "this is how spilling would be seen"


def test_copies_are_bounded(nodes: Nodes, scanned: Home, talk: Talk) -> None:
    copies = scanned.folder / "copies"
    driver, _ = start(
        scanned, talk, nodes, "cache.shared=false", f"cache.copies_dir={copies}", "cache.copies_gb=1e-6"
    )
    assert driver.code() == 0, driver.log
    assert tuple(map(digest, outputs(scanned))) == talk.digests
    assert sum(path.stat().st_size for path in copies.rglob("*") if path.is_file()) <= 1000
    assert nodes.leftovers() == []
