"""Odd inputs end in the right output or in one named line: nothing breaks, nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.corpus.__main__ import main
from tests.corpus.case import Case
from tests.corpus.corpus import THEMES, all_cases
from tests.corpus.flips import MOST, Flip, flips, used
from tests.corpus.running import Room, check, held, run_here
from tests.corpus.stock import Stock

pytestmark = pytest.mark.timeout(60)
CASES = list(all_cases())
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- cases -->\n", "<!-- end of cases -->\n"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    clips = Path(os.environ.get("LIPSYNC_TEST_MEDIA", ROOT / ".." / "shared" / "media")).resolve()
    return Stock(tmp_path_factory.mktemp("stock"), clips if clips.is_dir() else None)


@pytest.fixture
def room(tmp_path: Path, cache: Path, stock: Stock, monkeypatch: pytest.MonkeyPatch) -> Room:
    room = Room(folder=tmp_path, cache=cache, stock=stock)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "in")
    return room


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_ends_as_it_has_to(
    case: Case, room: Room, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    if case.needs:
        request.getfixturevalue("media_dir")  # skips where they are absent
    given = room.make(case)
    room.words(given)  # the stock's own files are made now
    capfd.readouterr()  # what encoders have said
    before, open_before = room.inputs(), held()
    status = run_here(room, given)
    out, err = capfd.readouterr()
    check(case, room, status, out, err)
    assert held() == open_before
    assert case.changes or room.inputs() == before


@pytest.mark.parametrize("flip", list(flips(MOST)), ids=lambda flip: f"{flip.number}-{flip.suffix}")
def test_flipped_bits_are_shown_or_named(flip: Flip, stock: Stock, tmp_path: Path) -> None:
    path = flip.write(tmp_path, stock)
    before = held()
    assert used(path)  # raises what is not named
    assert held() == before


def test_the_files_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.corpus.__main__.all_cases", lambda: iter(CASES[:3]))
    assert main([str(tmp_path / "corpus"), "--flips=2"]) == 0
    told = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "corpus").glob("*/case.json")]
    assert {row["case"] for row in told} == {case.name for case in CASES[:3]}
    assert len(list((tmp_path / "corpus" / "flips").iterdir())) == 2


def test_the_table_tells_what_each_case_ends_in() -> None:
    """``UPDATE_DOCS=1`` writes it anew."""
    text = PAGE.read_text("utf-8")
    head, rest = text.split(BEGIN)
    written, tail = rest.split(END)
    if os.environ.get("UPDATE_DOCS"):
        head = re.sub(r"\*\*\d+ cases\*\*", f"**{len(CASES)} cases**", head)
        PAGE.write_text(head + BEGIN + table() + END + tail, encoding="utf-8")
        return
    assert written == table(), "UPDATE_DOCS=1 python -m pytest tests/corpus -k table"
    count = re.search(r"\*\*(\d+) cases\*\*", head)
    assert count is not None
    assert int(count[1]) == len({case.name for case in CASES}) == len(CASES) >= 120


def table() -> str:
    """All cases by theme, for people."""
    parts = []
    for theme, cases in THEMES.items():
        rows = [f"| {case.name} | {case.what} | {case.ends.text()} |" for case in cases()]
        parts.append(
            "\n".join(
                [f"\n#### {theme}\n", "| case | what it is | what it gets |", "|---|---|---|", *rows, ""]
            )
        )
    return "".join(parts) + "\n"
