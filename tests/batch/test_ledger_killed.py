"""Real processes that write a ledger are killed, meet each other, and run out of room."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lipsync_ray.batch.ledger import Ledger, read_ledger
from lipsync_ray.errors import LedgerError
from tests.batch.rows import row

ROOT = Path(__file__).resolve().parent.parent.parent


def started(out: Path, *words: str) -> subprocess.Popen[str]:
    script = [sys.executable, "-m", "tests.batch.writer", str(out), *words]
    return subprocess.Popen(script, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str], after: int, delay: float) -> int:
    """Kill a writer so long after so many rows; the number of the last one that it said is kept."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(after)]
    time.sleep(delay)
    process.kill()
    said += process.communicate()[0].splitlines()
    whole = [line for line in said if line.strip().isdigit()]
    assert whole, said
    return int(whole[-1])


@pytest.mark.parametrize("every_s", ["3600", "0.01"])
def test_nothing_that_was_put_is_lost_by_a_kill(every_s: str, tmp_path: Path) -> None:
    chance = random.Random(int(float(every_s) * 100))
    for _ in range(5):
        last = killed(started(tmp_path, every_s), chance.randint(1, 60), chance.random() / 20)
        rows = {found.id: found for found in read_ledger(str(tmp_path))}
        with Ledger.open(str(tmp_path)) as ledger:
            assert list(ledger.rows) == list(rows.values())
            assert ledger.dropped <= 1
        done = len(rows) - 1
        assert done in (last + 1, last + 2)  # put, and killed before it could say so
        assert [rows[f"job-{number}"].frames for number in range(done)] == list(range(done))
        assert int(rows["last"].message.split()[0]) in (done - 1, done)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".ledger.")) == [
        "ledger.parquet"
    ]


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first = started(tmp_path, "3600")
    assert first.stdout is not None
    first.stdout.readline()
    second, _ = started(tmp_path, "3600").communicate()
    assert second.startswith(f"LEDGER: another batch (process {first.pid} on ")
    with pytest.raises(LedgerError):
        Ledger.open(str(tmp_path))
    assert killed(first, 0, 0.0) >= 0
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put(row("mine"))
    assert row("mine") in read_ledger(str(tmp_path))


def test_a_full_disk_is_told_and_leaves_whole_lines(tmp_path: Path) -> None:
    process = started(tmp_path, "3600", "50000")
    said = process.communicate()[0].splitlines()
    assert said[-1].startswith(f"OUTPUT_UNWRITABLE: cannot write {tmp_path}/ledger.journal.jsonl: ")
    numbers = [int(line) for line in said[:-1]]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 3
    with Ledger.open(str(tmp_path)) as ledger:
        assert ledger.dropped == 0
        assert len(ledger.rows) == len(numbers) + 1
