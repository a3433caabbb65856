"""Help of one group of options, asked for in each way."""

from __future__ import annotations

import pytest

from lipsync_ray.cli import main
from lipsync_ray.config import Config
from lipsync_ray.group_help import group_help
from lipsync_ray.kinds import field_kinds
from lipsync_ray.overrides import conf_dir
from lipsync_ray.schema import list_keys

Captured = pytest.CaptureFixture[str]
GROUPS = [group for group in field_kinds(Config) if (conf_dir() / group).is_dir()]


@pytest.mark.parametrize(
    "words",
    [
        ["help", "encode"],
        ["run", "--help", "encode"],
        ["run", "--help=encode"],
        ["run", "encode", "-h"],
        ["help", "run", "encode"],
        ["help", "encode."],
        ["plan", "video=a.mp4", "--help", "encode"],
    ],
)
def test_a_group_is_shown_alone(words: list[str], capsys: Captured) -> None:
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert shown == group_help("encode")
    assert "encode.crf=null" in shown
    assert "veryfast" in shown  # the choices
    assert "chunk." not in shown


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_help_with_all_its_options(group: str) -> None:
    shown = group_help(group)
    for key in list_keys(Config):
        if key.startswith(f"{group}.") and key != "speech.name":
            assert ("audio=" if key == "audio.file" else f"{key}=") in shown


def test_a_group_of_several_files_begins_with_what_can_be_chosen() -> None:
    lines = group_help("engine").splitlines()
    assert lines[0] == "engine=NAME chooses one of:"
    offered = [line.split()[0] for line in lines if line.startswith("  ") and line[2] not in " e"]
    assert offered == ["unit_selection", "lipgan", "video_retalking", "wav2lip"]
    text = group_help("engine")
    assert text.index("engine=wav2lip and their defaults") < text.index("engine.checkpoint=")
    assert "(default)" in text[: text.index("lipgan")]


def test_presets_are_told_with_what_they_cost_and_give() -> None:
    shown = " ".join(group_help("preset").split())
    for name in ("fast", "balanced", "best"):
        assert f" {name} " in shown
    assert shown.count("of the CPU") >= 2


def test_one_option_can_be_asked_for(capsys: Captured) -> None:
    assert main(["help", "encode.crf"]) == 0
    assert capsys.readouterr().out.split()[0] == "encode.crf=null"
    assert "With engine=lipgan:" in group_help("engine.pads")
    assert group_help("out").split()[0] == "out=null"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["help", "enocde"], "'enocde' is neither a verb nor a group of options; did you mean encode?"),
        (["help", "rnu"], "'rnu' is neither a verb nor a group of options; did you mean run?"),
        (["run", "--help", "enocde"], "'enocde' is no group of options; did you mean encode?"),
        (["run", "-h", "encode.crv"], "'encode.crv' is no group of options; did you mean encode.crf?"),
        (["run", "--help=zzz"], "'zzz' is no group of options; the groups are audio, speakers, sync, face, "),
    ],
)  # fmt: skip
def test_an_unknown_group_is_one_line_that_helps(words: list[str], says: str, capsys: Captured) -> None:
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"lipsync_ray: CONFIG: {says}")
    assert err.count("\n") == 1


def test_names_that_are_a_verb_and_a_group_show_both(capsys: Captured) -> None:
    for name, key in (("weights", "weights.offline=false"), ("batch", "batch.ahead=8")):
        assert main(["help", name]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"python -m lipsync_ray {name} ")
        assert key in shown
    assert main(["weights", "list", "--help"]) == 0
    assert capsys.readouterr().out.startswith("python -m lipsync_ray weights ")


def test_help_of_run_says_how_to_see_one_group(capsys: Captured) -> None:
    assert main(["run", "--help"]) == 0
    assert "python -m lipsync_ray help encode" in capsys.readouterr().out
