"""The ledger holds what was put, through flushes, reopening and other people's mistakes."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from lipsync_ray.batch import ledger as ledger_module
from lipsync_ray.batch.journal import Replay, read_journal
from lipsync_ray.batch.ledger import STATES, Ledger, Row, after_failure, read_ledger
from lipsync_ray.batch.snapshot import look
from lipsync_ray.batch.table import VERSION, schema
from lipsync_ray.errors import (
    ChunkFailed,
    EncodeFailed,
    FaceNotFound,
    LedgerError,
    OutputUnwritable,
    StorageError,
)
from lipsync_ray.storage.files import read_bytes, write_bytes
from tests.batch.rows import row

FULL = row(
    "разговор",
    state="done",
    attempts=1,
    code="ENCODE",
    message="café: ümläut",
    frames=250,
    seconds=10.0,
    wall_s=25.0,
    cpu_s=40.5,
    gpu_s=3.25,
    scan="reused",
    scan_s=0.5,
    prepare_s=1.5,
    render_s=20.0,
    finish_s=2.0,
    chunks=4,
    chunks_reused=3,
    retries=2,
    digest="d1",
    source_hash="s1",
    audio_hash="a1",
    settings_hash="h1",
    started=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    finished=datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC),
    run="r1",
    hosts=("n1", "n2"),
    concern=0.4,
    flags=("offset", "seam"),
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def copied(folder: Path, to: Path) -> str:
    """What a process that is killed right now leaves behind: the lock goes with it."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(".ledger.lock"))
    return str(to)


def test_rows_are_there_again_in_their_order(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with Ledger.open(str(out)) as ledger:
        assert ledger.rows == ()
        for some in (row("b"), FULL, row("a"), row("b", state="running")):
            ledger.put(some)
    assert names(out) == ["ledger.parquet"]
    with Ledger.open(str(out)) as ledger:
        assert ledger.rows == (row("b", state="running"), FULL, row("a"))
        assert (ledger.get("a"), ledger.get("none"), ledger.dropped) == (row("a"), None, 0)
    assert names(out) == ["ledger.parquet"]


def test_other_programs_can_read_the_file(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put_all([FULL, row("a")])
    table = parquet.read_table(tmp_path / "ledger.parquet")
    assert table.schema.equals(schema())
    assert table.column("seconds_per_second").to_pylist() == [2.5, None]
    assert table.column("started").to_pylist() == [FULL.started, None]
    assert table.schema.field("attempts").type == pa.int32()
    assert table.schema.field("hosts").type == pa.list_(pa.string())


def test_what_was_put_outlives_the_process_at_once(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "out")) as ledger:
        ledger.put(FULL)
        assert not (tmp_path / "out" / "ledger.parquet").exists()
        assert read_ledger(str(tmp_path / "out")) == [FULL]
        with Ledger.open(copied(tmp_path / "out", tmp_path / "copy")) as other:
            assert other.rows == (FULL,)


def test_a_torn_line_is_dropped_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Ledger.open(str(tmp_path / "out")) as ledger:
        ledger.put_all([row("a"), row("b"), row("b", state="done")])
        copy = copied(tmp_path / "out", tmp_path / "copy")
    journal = Path(copy, "ledger.journal.jsonl")
    journal.write_bytes(journal.read_bytes()[:-1])  # whole, but for the end of the line: it was being written
    with caplog.at_level(logging.WARNING), Ledger.open(copy) as other:
        assert (other.rows, other.dropped) == ((row("a"), row("b")), 1)
        assert "1 torn line(s)" in caplog.text
        other.put(row("c"))
    assert read_ledger(copy) == [row("a"), row("b"), row("c")]


def test_every_point_of_a_torn_journal_gives_a_state_that_was(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "out")) as ledger:
        ledger.put(row("a"))
        ledger.put(row("a", state="running", message="naïve"))
        copy = copied(tmp_path / "out", tmp_path / "copy")
    journal = Path(copy, "ledger.journal.jsonl")
    data = journal.read_bytes()
    states = []
    for length in range(len(data) + 1):
        journal.write_bytes(data[:length])
        found = look(copy, Path(copy))
        states.append([some.state for some in found.rows.values()])
        whole, _, torn = data[:length].rpartition(b"\n")
        assert found.dropped == (1 if whole and torn else 0)  # before the first line there is nothing to lose
    assert states == sorted(states, key=lambda state: (len(state), state == ["running"]))
    assert (states[0], states[-2], states[-1]) == ([], ["waiting"], ["running"])


def test_killed_between_the_file_and_the_new_journal(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Ledger.open(str(out)) as ledger:
        ledger.put_all([row("a"), row("b")])
        early = (out / "ledger.journal.jsonl").read_bytes()
        ledger.flush()
        ledger.put(row("a", state="done"))
        announced = early + b'{"flush": "' + generation(out).encode() + b'"}\n'
    for journal in (early, announced):  # the file is newer than these, and says done
        (out / "ledger.journal.jsonl").write_bytes(journal)
        assert [found.state for found in read_ledger(str(out))] == ["done", "waiting"]


def generation(out: Path) -> str:
    notes = parquet.read_metadata(out / "ledger.parquet").metadata
    return notes[b"lipsync_ray.ledger.generation"].decode()


def written_but(place: str, data: bytes) -> None:
    """Writes, and does not get to hear of it."""
    write_bytes(place, data)
    raise StorageError("the line broke")


def test_what_is_put_after_a_write_whose_answer_was_lost_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(str(tmp_path / "out")) as ledger:
        ledger.put(row("a"))
        with monkeypatch.context() as patched:
            patched.setattr(ledger_module, "write_bytes", written_but)
            with pytest.raises(StorageError):
                ledger.flush()
        ledger.put(row("b"))
        copy = copied(tmp_path / "out", tmp_path / "copy")
    assert read_ledger(copy) == [row("a"), row("b")]


def test_notes_for_another_file_do_not_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Ledger.open(str(tmp_path / "out")) as ledger:
        ledger.put(row("a", state="done"))
        ledger.flush()
        ledger.put(row("b"))
        copy = copied(tmp_path / "out", tmp_path / "copy")
    Path(copy, "ledger.parquet").unlink()
    with caplog.at_level(logging.WARNING), Ledger.open(copy) as other:
        assert other.rows == ()
    assert "its 1 last notes do not count" in caplog.text


def test_the_file_is_written_now_and_then(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path), every_s=0.0) as ledger:
        ledger.put(row("a"))
        first = generation(tmp_path)
        ledger.put(row("b"))
        assert generation(tmp_path) != first
        journal = (tmp_path / "ledger.journal.jsonl").read_text("utf-8").splitlines()
        assert journal == [json.dumps({"base": generation(tmp_path)})]
    with Ledger.open(str(tmp_path), every_s=3600.0) as ledger:
        before = generation(tmp_path)
        ledger.put(row("c"))
        assert generation(tmp_path) == before
        ledger.flush()
        after = generation(tmp_path)
        ledger.flush()
        assert before != after == generation(tmp_path)


def test_ten_thousand_rows(tmp_path: Path) -> None:
    rows = [row(f"job-{n}", frames=n, state=STATES[n % 5]) for n in range(10_000)]
    with Ledger.open(str(tmp_path), every_s=3600.0) as ledger:
        for some in rows:
            ledger.put(some)
        assert read_ledger(str(tmp_path)) == rows
        ledger.flush()
        assert (tmp_path / "ledger.journal.jsonl").stat().st_size < 100
    assert read_ledger(str(tmp_path)) == rows


@pytest.mark.parametrize(
    "damage", ["cut", "garbage", "empty", "foreign", "newer", "column", "state", "folder"]
)
def test_a_file_that_cannot_be_read_is_refused_and_left_alone(damage: str, tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put_all([row("a"), row("b")])
    path = tmp_path / "ledger.parquet"
    table, data = parquet.read_table(path), path.read_bytes()
    notes = dict(table.schema.metadata)
    said = "is damaged"
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "garbage":
        path.write_bytes(data[:10] + bytes(50) + data[60:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "foreign":
        parquet.write_table(pa.table({"x": [1]}), path)
        said = "is no ledger of a batch"
    elif damage == "newer":
        newer = {**notes, b"lipsync_ray.ledger.version": str(VERSION + 1).encode()}
        parquet.write_table(table.replace_schema_metadata(newer).append_column("more", [[1, 2]]), path)
        said = "was written by a newer lipsync_ray"
    elif damage == "column":
        parquet.write_table(table.drop_columns(["digest"]), path)
        said = "has other columns"
    elif damage == "state":
        at = table.schema.get_field_index("state")
        parquet.write_table(table.set_column(at, "state", [["waiting", "asleep"]]), path)
        said = "holds a row that cannot be"
    else:
        path.unlink()
        path.mkdir()
        said = "is a"
    before = None if path.is_dir() else path.read_bytes()
    for attempt in (Ledger.open, read_ledger):
        with pytest.raises((LedgerError, StorageError)) as caught:
            attempt(str(tmp_path))
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)
    assert before is None or path.read_bytes() == before
    assert names(tmp_path) == ["ledger.parquet"]  # and no lock is left


def test_a_ledger_of_the_first_version_is_read_and_written_anew(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put(row("a", state="done", cpu_s=3.0))
    path = tmp_path / "ledger.parquet"
    table = parquet.read_table(path)
    notes = {**table.schema.metadata, b"lipsync_ray.ledger.version": b"1"}
    older = table.drop_columns(
        ["expected_cpu_s", "expected_gpu_s", "review_s", "concern", "flags"]
    ).replace_schema_metadata(notes)
    parquet.write_table(older, path)
    with Ledger.open(str(tmp_path)) as ledger:
        ledger.put(row("b", expected_cpu_s=2.0))
    assert [(r.id, r.cpu_s, r.expected_cpu_s) for r in read_ledger(str(tmp_path))] == [
        ("a", 3.0, 0.0), ("b", 0.0, 2.0),
    ]  # fmt: skip


def test_one_ledger_for_one_batch_at_a_time(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        with pytest.raises(LedgerError, match=r"another batch \(process \d+ on .+\) writes to .* right now"):
            Ledger.open(str(tmp_path))
        ledger.put(row("a"))
    with pytest.raises(LedgerError, match="is closed"):
        ledger.put(row("b"))
    ledger.close()
    with Ledger.open(str(tmp_path)) as ledger:
        assert ledger.rows == (row("a"),)


def test_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger of a batch in"):
        read_ledger(str(tmp_path))
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match="cannot make the folder"):
        Ledger.open(str(tmp_path / "file" / "out"))


def test_an_error_inside_is_not_hidden_and_nothing_is_lost(tmp_path: Path) -> None:
    def stopped() -> None:
        with Ledger.open(str(tmp_path)) as ledger:
            ledger.put(row("a"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        stopped()
    assert read_ledger(str(tmp_path)) == [row("a")]
    assert names(tmp_path) == ["ledger.parquet"]


def test_a_file_that_cannot_be_written_now_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    with Ledger.open(str(out), every_s=0.0) as ledger:
        ledger.put(row("a"))
        (out / "ledger.parquet").unlink()
        (out / "ledger.parquet").mkdir()  # in the way
        with caplog.at_level(logging.WARNING):
            ledger.put(row("b"))
        assert "could not be written, and will be later" in caplog.text
        with pytest.raises(OutputUnwritable):
            ledger.flush()
        (out / "ledger.parquet").rmdir()
        ledger.put(row("c"))
    assert read_ledger(str(out)) == [row("a"), row("b"), row("c")]


def test_a_ledger_in_a_store(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIPSYNC_RAY_CACHE", str(tmp_path / "cache"))
    out = f"{bucket}/batch 1"
    with Ledger.open(out) as ledger:
        ledger.put(FULL)
        assert read_ledger(f"{out}/") == [FULL]  # from the journal on this machine
        with pytest.raises(LedgerError, match="another batch"):
            Ledger.open(f"{out}/")
        ledger.flush()
        ledger.put(row("b"))
        ledger.flush()
        ledger.put(row("c"))
    assert read_ledger(out, cache=tmp_path / "elsewhere") == [FULL, row("b"), row("c")]
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_two_machines_on_one_store(bucket: str, tmp_path: Path) -> None:
    out = f"{bucket}/out"
    first = Ledger.open(out, cache=tmp_path / "one", every_s=0.0)
    first.put(row("a"))
    with Ledger.open(out, cache=tmp_path / "two") as second:
        second.put(row("b"))
    before = read_bytes(f"{out}/ledger.parquet")
    with pytest.raises(LedgerError, match="another batch has written"):
        first.put(row("c"))
    with pytest.raises(LedgerError, match="another batch has written"):
        first.close()
    assert read_bytes(f"{out}/ledger.parquet") == before


def test_a_write_whose_answer_was_lost_is_no_other_batch(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(f"{bucket}/out", cache=tmp_path) as ledger:
        ledger.put(row("a"))
        with monkeypatch.context() as patched:
            patched.setattr(ledger_module, "write_bytes", written_but)
            with pytest.raises(StorageError):
                ledger.flush()
        ledger.put(row("b"))
        ledger.flush()
    assert read_ledger(f"{bucket}/out", cache=tmp_path) == [row("a"), row("b")]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.none() | st.datetimes(
    datetime(1990, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7, minutes=30))])
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    chunks = draw(st.integers(0, 1000))
    return row(
        draw(st.sampled_from(["a", "b", "c", "é"])),
        state=draw(st.sampled_from(STATES)),
        attempts=draw(st.integers(0, 9)),
        message=draw(TEXTS),
        seconds=draw(st.floats(0, 1e9)),
        wall_s=draw(st.floats(0, 1e9)),
        chunks=chunks,
        chunks_reused=draw(st.integers(0, chunks)),
        started=draw(MOMENTS),
        hosts=tuple(draw(st.lists(TEXTS, max_size=2))),
        flags=tuple(draw(st.lists(TEXTS, max_size=2))),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(rows() | st.sampled_from(["flush", "kill", "tear", "close"]), max_size=20))
def test_a_replayed_journal_is_the_state_itself(steps: list[Any], tmp_path: Path) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    folder = tmp_path / "0"
    ledger, expected = Ledger.open(str(folder)), {}
    for number, step in enumerate(steps, 1):
        if isinstance(step, Row):
            ledger.put(step)
            expected[step.id] = step
            continue
        if step == "flush":
            ledger.flush()
            continue
        if step == "close":
            ledger.close()
        after = tmp_path / str(number)
        copied(folder, after)
        if step == "tear":
            with (after / "ledger.journal.jsonl").open("ab") as file:
                file.write(b'{"id": "a", "vid')
        ledger.close()
        folder, ledger = after, Ledger.open(str(after))
        assert ledger.dropped == (step == "tear")
        assert ledger.rows == tuple(expected.values())
    ledger.close()
    assert (read_ledger(str(folder)) if expected else []) == list(expected.values())


@pytest.mark.parametrize(
    ("error", "before", "state", "code"),
    [
        (EncodeFailed("busy"), 0, "failed", "ENCODE"),
        (EncodeFailed("busy"), 1, "quarantined", "ENCODE"),
        (FaceNotFound("nobody"), 0, "quarantined", "FACE_NONE"),
        (ChunkFailed("gave up"), 0, "failed", "CHUNK_FAILED"),
        (ChunkFailed("gave up"), 1, "quarantined", "CHUNK_FAILED"),
        (ZeroDivisionError("division by zero"), 0, "failed", "INTERNAL"),
        (MemoryError("no room"), 0, "failed", "OUT_OF_MEMORY"),
        (PermissionError(13, "Permission denied"), 0, "failed", "STORAGE"),
        (ZeroDivisionError("division by zero"), 1, "quarantined", "INTERNAL"),
    ],
)
def test_what_a_failure_makes_of_a_job(error: Exception, before: int, state: str, code: str) -> None:
    after = after_failure(row("a", state="running", attempts=before), error, max_attempts=2)
    assert (after.state, after.attempts, after.code) == (state, before + 1, code)
    assert str(error) in after.message


def test_messages_are_one_line_that_every_file_holds() -> None:
    after = after_failure(row(), EncodeFailed("a\n  b\udcff.mp4"), max_attempts=2)
    assert after.message == "a b?.mp4"


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "asleep"},
        {"attempts": -1},
        {"chunks_reused": 1},
        {"scan": "half"},
        {"started": datetime(2026, 1, 1)},
    ],
)
def test_rows_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(LedgerError):
        row(**wrong)


@pytest.mark.parametrize("line", [b"null", b'"flush"', b"[]", b"3", b"[" * 100_000])
def test_lines_that_are_no_rows_are_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line + b'\n{"base": "x"}\n')
    assert read_journal(path) == Replay(generations=frozenset({"x"}), dropped=1)
