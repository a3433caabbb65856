"""Failures as they cross processes."""

from __future__ import annotations

import pytest

from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.errors import LipsyncError, OutOfMemory, ResultLost, TaskFailed, TimeLimit, WorkerDied


@pytest.mark.parametrize("kind", [OutOfMemory, WorkerDied, TimeLimit, ResultLost])
def test_what_ends_workers_has_a_code_of_its_own_in_the_ledger(kind: type[LipsyncError]) -> None:
    error = Failure(code=kind.code, message="chunk 3: gone").to_error()
    assert (type(error), str(error), error.retriable) == (kind, "chunk 3: gone", True)


def test_an_error_nobody_foresaw_names_itself() -> None:
    error = Failure.of(ZeroDivisionError("division\nby zero")).to_error()
    assert type(error) is TaskFailed
    assert str(error) == "ZeroDivisionError: division by zero"
    assert Failure.of(MemoryError()).to_error().code == "OUT_OF_MEMORY"
