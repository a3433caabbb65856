"""Values that need no grammar, and files that need no composing, are read as Hydra reads them."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.overrides import (
    _composed_by_hydra,
    _parse,
    _plain_value,
    conf_dir,
    group_options,
    load_config,
)
from lipsync_ray.plain_conf import compose_plain


@pytest.mark.parametrize(
    "text",
    ["0", "1", "-5", "+7", "1.5", "-0.0", "+1.50", "true", "false", "null", "none", "abc", "a_b"],
)
def test_a_plain_value_is_what_hydra_makes_of_it(text: str) -> None:
    known, value = _plain_value(text)
    wanted = _parse("encode.crf", text, int)
    assert known
    assert (value, type(value)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    "text", ["007", "1.", ".5", "1e5", "1_000", "True", "NULL", "inf", "NaN", "a-b", "1x", "é", "1,2", "[a]"]
)
def test_everything_else_is_left_to_hydra(text: str) -> None:
    assert _plain_value(text) == (False, None)


def choices() -> Iterator[dict[str, str]]:
    """Every file of every group, and every preset with every engine."""
    yield {}
    for folder in sorted(path for path in conf_dir().iterdir() if path.is_dir()):
        names = group_options(folder.name)
        yield from ({folder.name: name} for name in names if len(names) > 1)
    for preset, engine in itertools.product(group_options("preset"), group_options("engine")):
        yield {"preset": preset, "engine": engine}


@pytest.mark.parametrize("chosen", list(choices()), ids=str)
def test_the_defaults_are_what_hydra_makes_of_them(chosen: Mapping[str, str]) -> None:
    assert told(compose_plain(conf_dir(), chosen)) == told(_composed_by_hydra(conf_dir(), [*chosen.items()]))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("encode/default.yaml", "crf: 1e1\n"),
        ("encode/default.yaml", "crf: ${chunk.seconds}\n"),
        ("encode/default.yaml", "crf: 2026-01-01\n"),
        ("encode/default.yaml", "crf: 17\ncrf: 18\n"),
        ("encode/default.yaml", "1: 17\n"),
        ("encode/default.yaml", "crf: [17\n"),
        ("encode/default.yaml", "? [a, b]\n: 17\n"),
        ("encode/default.yaml", "[17]\n"),
        ("encode/default.yaml", ""),
        ("encode/default.yaml", "# @package chunk\nseconds: 3.0\n"),
        ("encode/default.yaml", "defaults:\n  - other\ncrf: 17\n"),
        ("preset/balanced.yaml", "# @package _global_\nencode:\n  crf: {a: 1}\n"),
        ("preset/balanced.yaml", "# @package _global_\nencode: null\n"),
        ("preset/balanced.yaml", "# @package _global_\nencode:\n  crf: ???\n"),
        ("preset/engines/balanced_unit_selection.yaml", "every: 2\n"),
        ("config.yaml", "defaults:\n  - sync: default\nvideo: ???\n"),
        ("config.yaml", "defaults:\n  - sync@audio: default\n  - _self_\n"),
        ("config.yaml", "defaults:\n  - sync: [default]\n  - _self_\n"),
        ("config.yaml", "defaults:\n  - sync: missing\n  - _self_\n"),
        ("config.yaml", "defaults:\n  - other\n  - _self_\n"),
        ("config.yaml", "defaults:\n  - optional encode: ${sync}_${engine}\n  - sync: default\n  - _self_\n"),
        ("config.yaml", "video: ???\n"),
    ],
)
def test_a_file_that_is_not_plain_is_left_to_hydra(file: str, text: str, tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    shutil.copytree(conf_dir(), folder)
    (folder / file).write_text(text, "utf-8")
    assert compose_plain(folder, {}) is None


def test_other_files_are_read_as_hydra_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    shutil.copytree(conf_dir(), folder)
    (folder / "encode/default.yaml").write_text(
        "crf: -0x11\npreset: 'off'\nnew: {a: [on, ~, 1:30]}\n", "utf-8"
    )
    (folder / "encode/own.yaml").write_text("a: &x [1.5, .inf]\nb: *x\n'null': \"1e5\"\n", "utf-8")
    (folder / "preset/best.yaml").write_text(
        "# @package _global_\nencode: {crf: null, new: {b: 1}}\nother: {c: 2}\nlog: a\n", "utf-8"
    )
    for chosen in ({}, {"encode": "own"}, {"preset": "best"}, {"preset": "best", "encode": "own"}):
        assert told(compose_plain(folder, chosen)) == told(_composed_by_hydra(folder, [*chosen.items()]))


def test_what_only_hydra_can_read_is_read_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "conf"
    shutil.copytree(conf_dir(), folder)
    text = (folder / "encode/default.yaml").read_text("utf-8")
    (folder / "encode/base.yaml").write_text(text, "utf-8")
    (folder / "encode/default.yaml").write_text("defaults: [base, _self_]\ncrf: 2e1\n", "utf-8")
    monkeypatch.setattr("lipsync_ray.overrides.conf_dir", lambda: folder)
    with pytest.raises(ConfigError, match=r"encode\.crf=20\.0: expected a whole number"):
        load_config(["video=a"])


def told(data: object) -> str:
    """Values with their types, in their order."""
    assert data is not None
    return json.dumps(data)
