"""A service that is never without work is tidied up all the same."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.serve import keeper, runner
from lipsync_ray.serve.keeper import EVERY_S
from lipsync_ray.serve.runner import Runner
from lipsync_ray.serve.shift import Shift
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.api.served import Clock, house


def test_old_jobs_go_while_others_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, working, gone = threading.Event(), threading.Event(), threading.Event()
    remove = keeper.shutil.rmtree

    def removed(path: Path, **more: Any) -> None:
        remove(path, **more)
        gone.set()

    def endless(shift: Shift, machines: object) -> None:
        working.set()
        stop.wait()

    monkeypatch.setattr(Shift, "work", endless)
    monkeypatch.setattr(runner, "open_machines", lambda *_, **__: nullcontext())
    monkeypatch.setattr(keeper.shutil, "rmtree", removed)
    clock = Clock()
    with house(tmp_path) as made:
        made.add()
        words = ["ray.cluster=none", "cache.enabled=false"]
        work = Runner(made.store, made.places, words, ServeSettings(keep_days=1.0), clock)
        thread = threading.Thread(target=work.run, args=(stop,))
        thread.start()
        try:
            assert working.wait(60)
            old = made.add(state="done", finished=clock.now - 86_400 + EVERY_S / 2)
            assert made.store.get(old.id) is not None
            clock.now += EVERY_S
            assert gone.wait(20)
            assert made.store.get(old.id) is None
            assert not made.places.job(old.id).exists()
        finally:
            stop.set()
            thread.join(20)
        assert not thread.is_alive()
    assert "keeper" not in [thread.name for thread in threading.enumerate()]
