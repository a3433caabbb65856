"""``python -m tests.corpus FOLDER`` writes the odd inputs for other uses; ``--run`` dubs them and tells.

Each case gets a folder of its own, with its files and a ``case.json``: its words, and what it has to end in.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.corpus.case import Case, Given
from tests.corpus.corpus import all_cases
from tests.corpus.flips import MOST, flips, used
from tests.corpus.running import Room, check, run_here
from tests.corpus.stock import Stock


def main(words: Sequence[str] | None = None) -> int:
    """Write, and perhaps run, all cases; returns 1 where one ends otherwise than it has to."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty or absent folder")
    parser.add_argument("--run", action="store_true", help="dub each case, and tell those that end wrongly")
    parser.add_argument("--flips", type=int, default=MOST, help="how many files with flipped bits")
    given = parser.parse_args(words)
    given.folder.mkdir(parents=True, exist_ok=True)
    folder: Path = given.folder.resolve()
    for name in ("stock", "cache", "flips"):
        (folder / name).mkdir()
    clips = Path(os.environ.get("LIPSYNC_TEST_MEDIA", ROOT / ".." / "shared" / "media")).resolve()
    stock = Stock(folder / "stock", clips if clips.is_dir() else None)
    wrong = [case.name for case in all_cases() if not _case(case, folder, stock, run=given.run)]
    for flip in flips(given.flips):
        path = flip.write(folder / "flips", stock)
        if given.run:
            used(path)  # raises where it ends in anything but a named error
    if given.run:
        sys.stdout.write(f"{len(wrong)} cases end wrongly{': ' * bool(wrong)}{', '.join(wrong)}\n")
    return int(bool(wrong))


def _case(case: Case, folder: Path, stock: Stock, *, run: bool) -> bool:
    """Write a case; whether it ends as it has to."""
    if case.needs and stock.clips is None:
        return True
    home = folder / re.sub(r"[^\w.]+", "_", case.name)
    home.mkdir()
    room = Room(folder=home, cache=folder / "cache" / home.name, stock=stock)
    with contextlib.chdir(home / "in"):
        given = room.make(case)
        told = {"case": case.name, "what": case.what, "words": room.words(given), "ends": case.ends.text()}
        (home / "case.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
        return not run or _ends_well(case, room, given)


def _ends_well(case: Case, room: Room, given: Given) -> bool:
    out, err = io.StringIO(), io.StringIO()
    tempfile.tempdir = str(room.folder / "tmp")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run_here(room, given)
    try:
        check(case, room, status, out.getvalue(), err.getvalue())
    except AssertionError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
