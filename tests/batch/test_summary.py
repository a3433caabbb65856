"""The figures of a batch, worked out by hand, and what is said of a ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lipsync_ray.batch.ledger import Ledger, read_ledger
from lipsync_ray.batch.reports import retry, status_plain, status_text
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.summary import summarise
from lipsync_ray.errors import ConfigError
from lipsync_ray.layout import columns, duration, width
from tests.batch.rows import row

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
OLD = row("old", state="done", run="r1", seconds=600.0, wall_s=60.0, gpu_s=60.0, cpu_s=60.0, frames=15000)
FAST = row(
    "fast",
    state="done",
    run="r2",
    frames=1500,
    seconds=60.0,
    wall_s=120.0,
    cpu_s=900.0,
    gpu_s=360.0,
    scan="made",
    chunks=6,
    chunks_reused=2,
    retries=1,
)
SLOW = replace(
    FAST, id="slow", frames=750, seconds=30.0, wall_s=150.0, scan="reused", chunks=3, chunks_reused=0
)
POISON = row(
    "poison",
    state="quarantined",
    run="r2",
    attempts=1,
    code="FACE_NONE",
    message="no face in it",
    gpu_s=180.0,
)
UNLUCKY = row("unlucky", state="failed", run="r2", attempts=1, code="ENCODE", message="busy", cpu_s=1800.0)
OLDER = row("older", state="quarantined", run="r1", attempts=2, code="ENCODE", message="busy")
NEXT = row("next")
RUNS = row(
    "runs",
    state="running",
    run="r2",
    started=datetime(2026, 1, 2, 11, 58, 55, tzinfo=UTC),
    hosts=("n1", "n2"),
)
ROWS = [OLD, FAST, SLOW, POISON, UNLUCKY, OLDER, NEXT, RUNS]


def test_figures_of_a_run() -> None:
    # 4 GPUs for 450 s are 0.5 GPU hours, at 0.80 USD 0.40 USD; 90 s of video, so 0.2667 USD a minute.
    # Busy: 360 + 360 + 180 of 1800 GPU seconds. CPU: 900 + 900 + 1800 s = 1 h.
    summary = summarise(ROWS, wall_s=450.0, run="r2", gpus=4, usd_per_gpu_hour=0.8)
    assert (summary.jobs, summary.done_now, summary.frames, summary.video_s) == (8, 2, 2250, 90.0)
    assert summary.states == {"waiting": 1, "running": 1, "done": 3, "failed": 1, "quarantined": 2}
    assert summary.seconds_per_second == 5.0
    assert (summary.cpu_hours, summary.gpu_hours, summary.gpu_busy) == (1.0, 0.5, 0.5)
    assert summary.cost_usd == pytest.approx(0.4)
    assert summary.cost_per_minute_usd == pytest.approx(0.4 / 1.5)
    assert (summary.scans_made, summary.scans_reused) == (1, 1)
    assert (summary.chunks, summary.chunks_reused, summary.retries) == (9, 2, 2)
    assert list(summary.failures.items()) == [("ENCODE", 2), ("FACE_NONE", 1)]
    assert [(job.id, job.seconds_per_second) for job in summary.slowest] == [("slow", 5.0), ("fast", 2.0)]
    assert [(job.id, job.code, job.message, job.attempts) for job in summary.quarantined] == [
        ("poison", "FACE_NONE", "no face in it", 1),
        ("older", "ENCODE", "busy", 2),
    ]
    assert [job.id for job in summary.failed] == ["unlucky"]


def test_figures_of_everything() -> None:
    # 690 s of video in 69 s; GPUs: 60 + 360 + 360 + 180 s.
    summary = summarise(ROWS, wall_s=69.0, slowest=1)
    assert (summary.run, summary.done_now, summary.video_s) == ("", 3, 690.0)
    assert summary.seconds_per_second == pytest.approx(0.1)
    assert summary.gpu_hours == pytest.approx(960 / 3600)
    assert (summary.gpu_busy, summary.cost_usd, summary.cost_per_minute_usd) == (None, None, None)
    assert [job.id for job in summary.slowest] == ["slow"]


def test_a_batch_that_made_nothing_still_costs() -> None:
    summary = summarise([POISON], wall_s=3600.0, gpus=2, usd_per_gpu_hour=0.75)
    assert (summary.seconds_per_second, summary.cost_usd, summary.cost_per_minute_usd) == (None, 1.5, None)
    assert "\ncost        1.50 USD\n" in summary.text()
    empty = summarise([], wall_s=0.0, gpus=0)
    assert (empty.jobs, empty.gpu_busy, empty.seconds_per_second) == (0, None, None)
    assert "0 of 0 jobs" in empty.text()


def test_figures_below_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match="not below 0"):
        summarise([], wall_s=1.0, usd_per_gpu_hour=-1.0)


def test_a_summary_as_text() -> None:
    assert summarise(ROWS, wall_s=450.0, run="r2", gpus=4, usd_per_gpu_hour=0.8).text() == (
        "waiting      1\n"
        "running      1\n"
        "done         3\n"
        "failed       1\n"
        "quarantined  2\n"
        "\n"
        "video done          1 min 30 s in 2 of 8 jobs\n"
        "took                7 min 30 s\n"
        "seconds per second  5.000\n"
        "CPU hours           1.00\n"
        "GPU hours           0.50 (50% busy)\n"
        "cost                0.40 USD, 0.2667 USD per minute of video\n"
        "face scans          1 made, 1 reused\n"
        "chunks              9, 2 reused, 2 done again\n"
        "\n"
        "CODE       JOBS\n"
        "ENCODE     2\n"
        "FACE_NONE  1\n"
        "\n"
        "SLOWEST  S/S   TOOK\n"
        "slow     5.00  2 min 30 s\n"
        "fast     2.00  2 min 00 s\n"
        "\n"
        "JOB      STATE        TRIES  CODE       MESSAGE\n"
        "poison   quarantined  1      FACE_NONE  no face in it\n"
        "older    quarantined  2      ENCODE     busy\n"
        "unlucky  failed       1      ENCODE     busy"
    )


def test_a_summary_is_json() -> None:
    summary = summarise(ROWS, wall_s=450.0, run="r2", gpus=4, usd_per_gpu_hour=0.8)
    read = json.loads(json.dumps(summary.to_plain()))
    assert read["quarantined"][0] == {
        "id": "poison",
        "state": "quarantined",
        "attempts": 1,
        "code": "FACE_NONE",
        "message": "no face in it",
    }
    assert (read["gpu_hours"], read["states"]["done"], read["slowest"][0]["id"]) == (0.5, 3, "slow")


def test_status_as_text() -> None:
    assert status_text(ROWS, NOW) == (
        "STATE        JOBS\n"
        "waiting      1\n"
        "running      1\n"
        "done         3\n"
        "failed       1\n"
        "quarantined  2\n"
        "all          8\n"
        "\n"
        "RUNNING  FOR         ON\n"
        "runs     1 min 05 s  n1,n2\n"
        "\n"
        "JOB      STATE        TRIES  CODE       MESSAGE\n"
        "unlucky  failed       1      ENCODE     busy\n"
        "poison   quarantined  1      FACE_NONE  no face in it\n"
        "older    quarantined  2      ENCODE     busy\n"
        "\n"
        "11 min 30 s of video done, 0.48 s for each second on average"
    )
    assert status_text([NEXT], NOW).endswith("0.0 s of video done")


def test_status_as_json() -> None:
    plain = json.loads(json.dumps(status_plain(ROWS)))
    assert (plain["jobs"], plain["states"]["quarantined"]) == (8, 2)
    assert plain["failures"] == {"ENCODE": 2, "FACE_NONE": 1}
    assert (plain["video_s"], plain["wall_s"]) == (690.0, 330.0)
    assert [found["id"] for found in plain["rows"]] == [found.id for found in ROWS]
    assert plain["rows"][1]["seconds_per_second"] == 2.0
    assert plain["rows"][7]["started"] == "2026-01-02T11:58:55+00:00"


def test_long_lists_are_cut_and_say_so() -> None:
    many = [replace(POISON, id=f"p{number}") for number in range(60)]
    text = status_text(many, NOW)
    assert "p49" in text
    assert "p50" not in text
    assert "\nand 10 more\n" in text


@pytest.mark.parametrize(
    ("which", "ids", "states"),
    [
        ("failed", [], {"failed": 1, "quarantined": 2}),
        ("failed", ["poison"], {"quarantined": 1}),
        ("failed", ["next"], {}),
        ("all", [], {"running": 1, "done": 3, "failed": 1, "quarantined": 2}),
        ("all", ["fast", "unlucky"], {"done": 1, "failed": 1}),
    ],
)
def test_retry(which: str, ids: list[str], states: dict[str, int], tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put_all(ROWS)
        retried = retry(ledger, which="all" if which == "all" else "failed", ids=ids)
    assert retried.states == states
    assert len(retried.ids) == sum(states.values())
    after = read_ledger(str(tmp_path))
    for before, found in zip(ROWS, after, strict=True):
        fresh = replace(before, state="waiting", attempts=0, code="", message="")
        assert found == (fresh if before.id in retried.ids else before)


def test_retry_says_what_it_did(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put_all(ROWS)
        text = f"3 jobs of {tmp_path} will be tried again (1 failed, 2 quarantined): run the batch again"
        assert retry(ledger).text() == text
        assert retry(ledger).text() == f"nothing to try again in {tmp_path}"


def test_retry_of_what_cannot_be(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put_all(ROWS)
        with pytest.raises(ConfigError, match=r"id=poisson: no such job in .*; did you mean poison\?"):
            retry(ledger, ids=["unlucky", "poisson"])
        with pytest.raises(ConfigError, match="id=fast is done; --all makes it once more"):
            retry(ledger, ids=["fast"])
        assert ledger.rows == tuple(ROWS)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (360_300, "100 h 05 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_columns_are_below_each_other_in_every_script() -> None:
    lines = columns([("多语言", "x"), ("cafe\u0301", "y"), ("ab", "")]).splitlines()
    assert [width(line[: line.index(end)]) for line, end in zip(lines, "xy", strict=False)] == [8, 8]
    assert lines[2] == "ab"


def test_rows_are_hashable_data() -> None:
    assert len({*ROWS, *ROWS}) == len(ROWS)
    assert isinstance(next(iter(ROWS)), Row)
