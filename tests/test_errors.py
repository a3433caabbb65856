"""Error codes are stable and documented."""

from __future__ import annotations

import re
from pathlib import Path

from lipsync_ray.errors import ExitCode, LipsyncError

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "errors.md").read_text("utf-8")


def all_errors(kind: type[LipsyncError] = LipsyncError) -> list[type[LipsyncError]]:
    return [found for child in kind.__subclasses__() for found in [child, *all_errors(child)]]


def test_every_code_is_in_the_manual_with_its_status() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d) \|", PAGE, re.MULTILINE))
    # What the command line makes of signals and of errors that are not the project's own.
    foreign = {"INTERRUPTED": "4", "INTERNAL": "1"}
    own = [kind for kind in all_errors() if kind.__module__.startswith("lipsync_ray")]
    assert {kind.code: str(int(kind.exit_code)) for kind in own} | foreign == rows


def test_every_exit_status_is_in_the_manual() -> None:
    rows = {int(number) for number in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}
    assert rows == {int(code) for code in ExitCode}
