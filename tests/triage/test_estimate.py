"""Estimates: how they grow, what they learn, and that they say when they know nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.overrides import load_config
from lipsync_ray.triage.effort import PRESETS, effort_of
from lipsync_ray.triage.estimate import Estimate, Places, estimate, learn
from lipsync_ray.triage.pace import NAME, Learnt, Paces

JOB = ("video=a.mp4", "audio=a.wav")
ONE = Places(cpu=1, drawing=1)


def told(*words: str, places: Places = ONE, paces: Paces | None = None, frames: int = 2500) -> Estimate:
    return estimate(load_config([*JOB, *words]), places, paces or Paces(), frames=frames, megapixels=0.92)


def test_twice_the_frames_are_twice_the_work_and_a_fast_encoder_is_less() -> None:
    one, two = told(frames=2500), told(frames=5000)
    assert one.cpu_s is not None
    assert two.cpu_s == pytest.approx(2 * one.cpu_s, rel=0.01)
    fast = told("encode.preset=ultrafast", "quality.enabled=false").cpu_s
    assert fast is not None
    assert fast < one.cpu_s
    assert sorted(PRESETS.values()) == list(PRESETS.values())


def test_workers_share_what_can_be_shared() -> None:
    alone, four = told(), told(places=Places(cpu=4, drawing=4))
    assert alone.wall_s is not None
    assert four.wall_s is not None
    assert alone.wall_s / 4 < four.wall_s < alone.wall_s / 2
    assert four.cpu_s == alone.cpu_s


def test_gpus_cost_what_the_price_says() -> None:
    found = told("cost.usd_per_gpu_hour=3.6", places=Places(cpu=2, drawing=1, gpus=1.0))
    assert found.gpu_s
    assert found.cost_usd == pytest.approx(found.gpu_s / 1000, rel=0.01)
    assert "GPU hours" in found.text()
    assert told(places=Places(cpu=2, drawing=1, gpus=1.0)).cost_usd is None


def test_nothing_is_made_up_about_an_engine_that_never_ran() -> None:
    words = ("engine=tests.toy_engines:FailsOnce",)
    unknown = told(*words)
    assert (unknown.wall_s, unknown.cpu_s, unknown.gpu_s) == (None, None, None)
    assert "unknown" in unknown.text()
    paces = Paces()
    config = load_config([*JOB, *words])
    learn(paces, config, {"render": 500.0}, on_gpus=False, frames=2500, megapixels=0.92)
    known = told(*words, paces=paces)
    assert known.learnt
    assert known.cpu_s is not None
    effort = effort_of(config, frames=2500, megapixels=0.92)
    assert known.cpu_s == pytest.approx(
        500.0 + effort.scan + effort.prepare + effort.review + effort.finish, abs=0.1
    )


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=60))
def test_what_is_learnt_lies_between_what_was_seen(factors: list[float]) -> None:
    paces = Paces()
    for factor in factors:
        paces.learn("x", expected_s=10.0, took_s=max(1.0, 10.0 * factor))
    seen = [max(0.1, factor) for factor in factors]
    assert min(seen) * 0.999 <= paces.learnt["x"].factor <= max(seen) * 1.001
    assert paces.learnt["x"].jobs == len(factors)


def test_a_machine_that_becomes_slower_is_noticed() -> None:
    known = Learnt(factor=1.0, jobs=1000)
    for _ in range(40):
        known = known.after(2.0)
    assert known.factor == pytest.approx(2.0, rel=0.02)


def test_paces_are_kept_and_damaged_ones_left_aside(tmp_path: Path) -> None:
    root = str(tmp_path)
    paces = Paces.load(root)
    paces.learn("finish", expected_s=2.0, took_s=3.0)
    paces.learn("scan", expected_s=2.0, took_s=0.5)  # too short to tell anything
    paces.store(root)
    assert Paces.load(root).learnt == {"finish": Learnt(factor=1.5, jobs=1)}
    endless = json.dumps({"finish": {"factor": math.inf, "jobs": 1}})
    for text in ("{", "[]", '{"finish": {"factor": 0, "jobs": 1}}', endless):
        (tmp_path / NAME).write_text(text)
        assert Paces.load(root).learnt == {}
    Paces().store(str(tmp_path / "missing"))
