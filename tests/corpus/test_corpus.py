"""Odd inputs end in the right output or in one named line: nothing breaks, nothing is left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.case import Case
from tests.corpus.corpus import all_cases
from tests.corpus.running import Room, check, held, run_here
from tests.corpus.stock import Stock

pytestmark = pytest.mark.timeout(60)
CASES = list(all_cases())


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    return Stock(tmp_path_factory.mktemp("stock"))


@pytest.fixture
def room(tmp_path: Path, cache: Path, stock: Stock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    room = Room(folder=tmp_path, cache=cache, stock=stock)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "in")
    yield room


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_ends_as_it_has_to(case: Case, room: Room, capfd: pytest.CaptureFixture[str]) -> None:
    given = room.make(case)
    room.words(given)  # the stock's own files are made now
    before, open_before = room.inputs(), held()
    status = run_here(room, given)
    out, err = capfd.readouterr()
    check(case, room, status, out, err)
    assert held() == open_before
    assert case.changes or room.inputs() == before


def test_cases_have_names_of_their_own() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 120
