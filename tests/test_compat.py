"""The lowest dependencies that are tried are the lowest that are admitted."""

from __future__ import annotations

import re
import tomllib

from tests.conftest import ROOT

# Needed by Python 3.13 alone, where the lowest set is not installed.
ELSEWHERE = {"audioop-lts"}


def bounds() -> dict[str, str]:
    """The lowest release that pyproject.toml admits, by name."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        given = tomllib.load(file)["project"]["dependencies"]
    found = [re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", one) for one in given]
    assert all(found), "a dependency without a lower bound"
    return {one[1]: one[2] for one in found if one}


def test_every_bound_is_tried_as_it_stands() -> None:
    lines = (ROOT / ".ci" / "lowest.txt").read_text("utf-8").splitlines()
    tried = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    wanted = {name: bound for name, bound in bounds().items() if name not in ELSEWHERE}
    assert set(tried) == set(wanted)
    for name, bound in wanted.items():
        assert f"{tried[name]}.".startswith(f"{bound}."), f"{name}: {tried[name]} is not the first of {bound}"


def test_what_the_quick_part_leaves_out_is_there() -> None:
    code = (ROOT / ".ci" / "compat.py").read_text("utf-8")
    listed = re.findall(r'"([\w/]+(?:\.py)?)"', code.partition("NOT_QUICK = (")[2].partition("\n)\n")[0])
    assert len(listed) > 20
    assert [name for name in listed if not (ROOT / "tests" / name).exists()] == []
