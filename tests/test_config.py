"""Options: composed from conf/, taken as typed, refused in one line."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from lipsync_ray.config import Config, to_plain
from lipsync_ray.errors import ConfigError
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.kinds import describe, field_kinds, suggest
from lipsync_ray.knobs import explain, read_groups
from lipsync_ray.overrides import conf_dir, load_config
from lipsync_ray.schema import build, list_keys

ROOT = Path(__file__).resolve().parent.parent

NASTY = [
    "my clip.mp4",
    "a=b=c.mp4",
    "it's.mp4",
    'say "hi".mp4',
    "[1],{2},(3).mp4",
    "a,b,c.mp4",
    "$HOME ${oc.env:HOME} ${.mp4",
    "back\\slash\\.mp4",
    "trailing\\",
    "-leading.mp4",
    "--out=x.mp4",
    "naïve café.mp4",
    "日本語 видео 🎬.mp4",
    "~/in.mp4",
    "+plus#hash%percent&and;semi|pipe*star?.mp4",
    "  spaces around  ",
    "tab\tand\nnewline.mp4",
    "True",
    "null.mp4",
    "1e3",
    "???",
    "'quoted'",
    "@file",
]


@pytest.mark.parametrize("name", NASTY)
def test_any_path_arrives_as_typed(name: str) -> None:
    keys = ("video", "audio", "out", "cache.dir", "weights.dir", "weights.folder")
    config = load_config([f"{key}={name}" for key in keys])
    found = (
        config.video,
        config.audio.file,
        config.out,
        config.cache.dir,
        config.weights.dir,
        config.weights.folder,
    )
    assert [str(path) for path in found] == [name] * len(keys)


def test_defaults_in_yaml_are_those_of_the_dataclasses() -> None:
    assert to_plain(load_config(["video=in.mp4"])) == to_plain(Config(video="in.mp4")), "see conf/"


def test_every_option_has_its_line_in_conf() -> None:
    documented = {knob.key: knob for group in read_groups() for knob in group.knobs}
    named = {key for key in list_keys(Config) if key != "speech.name"}  # chosen by speech=NAME
    assert set(documented) == named
    assert all(len(explain(knob)) > 5 for knob in documented.values())


def test_every_yaml_file_loads_as_its_group() -> None:
    for group, kind in field_kinds(Config).items():
        if (conf_dir() / group).is_dir():
            for path in (conf_dir() / group).glob("*.yaml"):
                data = yaml.safe_load(path.read_text("utf-8"))
                if group == "preset":  # it sets options of several groups
                    build(Config, {"video": "a", **data})
                else:
                    build(kind, data, group)


def test_groups_are_chosen_and_their_options_set() -> None:
    config = load_config(["video=a", "engine=unit_selection", "speech=formants", "chunk.seconds=4"])
    assert (config.engine.name, config.speech.name) == ("unit_selection", "formants")
    assert config.chunk.seconds == 4.0
    assert isinstance(config.chunk.seconds, float)


def test_the_last_word_counts() -> None:
    assert load_config(["video=a", "video=b"]).video == "b"
    assert load_config(["video=a", "chunk.seconds=1", "chunk.seconds=2"]).chunk.seconds == 2.0


def test_null_means_nothing_chosen() -> None:
    config = load_config(["video=a", "cache.dir=null", "ray.workers=null", "sync.fps=null"])
    assert config.cache.dir is None
    assert config.ray.workers is None
    assert config.sync.fps is None


@pytest.mark.parametrize(
    "typed",
    [
        '[{"start": 0, "end": 2.5, "file": "a b=(1).wav"}, {"start": 3, "file": "c.wav"}]',
        "[{start: 0, end: 2.5, file: 'a b=(1).wav'}, {start: 3, file: c.wav}]",
        "[{start:0,end:2.5,file:'a b=(1).wav'},{start:3,file:c.wav}]",
    ],
)
def test_pieces_of_sound_are_json_or_shorter(typed: str) -> None:
    first, second = load_config(["video=a", f"audio.segments={typed}"]).audio.segments
    assert (first.start, first.end, first.file) == (0.0, 2.5, "a b=(1).wav")
    assert (second.start, second.end, second.file) == (3.0, None, "c.wav")


def test_a_rate_may_be_a_fraction() -> None:
    assert load_config(["video=a", "sync.fps=30000/1001"]).sync.rate() == Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("crf=18", r"^crf is not an option; did you mean encode\.crf\?$"),
        ("chunk.secs=3", r"^chunk\.secs is not an option; did you mean chunk\.seconds\?$"),
        ("chunk.seconds=abc", r"^chunk\.seconds=abc: expected a number$"),
        ("chunk.seconds=true", r"^chunk\.seconds=true: expected a number$"),
        ("chunk.seconds=nan", r"expected a number"),
        ("chunk.seconds=1,2", r"^chunk\.seconds=1,2: cannot be read; expected a number$"),
        ("chunk.seconds=", r"^chunk\.seconds= has no value; expected a number$"),
        ("chunk.seconds=0", r"^chunk\.seconds=0\.0 must be above 0$"),
        ("chunk.seconds=${oc.env:HOME}", r"\$\{\.\.\.\} has no meaning here"),
        ("chunk.overlap=1.5", r"^chunk\.overlap=1\.5: expected a whole number or null$"),
        ("chunk.max_attempts=0", r"^chunk\.max_attempts=0"),
        ("debug=yes", r"^debug=yes: expected true or false$"),
        ("ray.cluster=atuo", r"one of local, auto, none; did you mean auto\?$"),
        ("sync.mode=lop", r"one of silence, cut_off, loop, bounce, remap; did you mean loop\?$"),
        ("engine=unitselection", r"expected one of unit_selection, .*; did you mean unit_selection\?$"),
        ("ray=auto", r"^ray=auto: ray is a group; set one of its options: ray\.cluster"),
        ("engine._target_=os.system", r"classes cannot be named"),
        ("_target_=os.system", r"classes cannot be named"),
        ("+new=1", r"neither added nor removed"),
        ("~cache=1", r"neither added nor removed"),
        ("hydra.run.dir=x", r"not an option"),
        (
            "audio.segments=[{start:0,fil:a}]",
            r"^audio\.segments\[0\]\.fil is not an option; did you mean file\?$",
        ),
        ("audio.segments=[{start:-1,file:a}]", r"^audio\.segments\[0\]\.start"),
        ("audio.segments=[{start:0", r"^audio\.segments=\[\{start:0: cannot be read; expected a list of"),
        ("face.point=[1]", r"^face\.point=\[1\]: expected \[a number, a number\] or null$"),
        ("face.point=3,4", r"^face\.point=3,4: cannot be read; expected \[a number, a number\] or null$"),
        ("--crf=18", r"without dashes, as in crf=18$"),
        ("clip.mp4", r"did you mean video=clip\.mp4\?"),
        ("voice.wav", r"did you mean audio=voice\.wav\?"),
        ("chunk.seconds", r"is not key=value"),
        ("a b=c", r"'a b' is not the name of an option"),
        ("=x", r"is not the name of an option"),
    ],
)
def test_a_mistake_is_one_line_that_helps(word: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(["video=in.mp4", word])
    assert re.search(says, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_video_must_be_named() -> None:
    with pytest.raises(ConfigError, match=r"^video is missing$"):
        load_config([])


def test_conf_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(["video=a"]).chunk.seconds == 10.0
    assert os.listdir(tmp_path) == []  # and nothing is left there


def test_settings_are_plain_for_the_sidecar() -> None:
    plain = to_plain(load_config(["video=a", "cache.dir=/x y"]))
    assert plain["cache"]["dir"] == "/x y"
    assert plain["chunk"]["seconds"] == 10.0


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIPSYNC_RAY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert default_cache_dir() == Path("/x/lipsync_ray")
    monkeypatch.setenv("LIPSYNC_RAY_CACHE", "/y")
    assert default_cache_dir() == Path("/y")


def test_the_manual_lists_every_option_as_it_is() -> None:
    page = ROOT / "docs" / "configuration.md"
    begin, end = "<!-- options -->\n", "<!-- /options -->\n"
    before, _, rest = page.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    wanted = f"{before}{begin}{_options_as_markdown()}{end}{after}"
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(wanted, encoding="utf-8")
    assert page.read_text("utf-8") == wanted, "run: UPDATE_DOCS=1 python -m pytest tests/test_config.py"


def _options_as_markdown() -> str:
    parts = []
    for group in read_groups():
        chosen = "" if group.option in ("default", "config") else f"={group.option}"
        parts.append(f"\n### {group.name + chosen or 'The job itself'}\n")
        parts.append(f"{group.text}.\n" if group.name else "")
        parts.append("| option | default | what it does |\n|---|---|---|")
        for knob in group.knobs:
            default = "" if knob.default == "???" else f"`{knob.default}`"
            parts.append(f"| `{knob.key}` | {default} | {explain(knob)} |")
        parts.append("")
    return "\n".join(parts)


# The strict builder, on types of every kind that settings use.


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    start: float
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    pieces: tuple[Piece, ...] = ()
    listed: list[int] = field(default_factory=list)
    point: tuple[float, float] | None = None
    kind: Literal["a", "b"] | None = None
    either: int | Literal["auto"] = "auto"
    rate: Fraction = Fraction(25)
    named: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError("rate must be above 0")


def test_nested_data_becomes_typed() -> None:
    data = {
        "pieces": [{"start": 1, "file": "a b.wav"}],
        "listed": [1, 2],
        "point": [0, 0.5],
        "kind": "b",
        "either": 3,
        "rate": "30000/1001",
        "named": {"x": 1},
    }
    sample = build(Sample, data)
    assert sample.pieces == (Piece(start=1.0, file=Path("a b.wav")),)
    assert sample.point == (0.0, 0.5)
    assert (sample.kind, sample.either, sample.rate) == ("b", 3, Fraction(30000, 1001))
    assert sample.named == {"x": 1.0}
    assert build(Sample, {}) == Sample()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"pieces": [{"start": 1}]}, "x.pieces[0].file is missing"),
        ({"pieces": [{"start": "1", "file": "a"}]}, "x.pieces[0].start=1: expected a number"),
        ({"pieces": [{"strat": 1, "file": "a"}]}, "x.pieces[0].strat is not an option; did you mean start?"),
        ({"pieces": 3}, "x.pieces=3: expected a list of {start, file}"),
        ({"listed": [1, 2.5]}, "x.listed[1]=2.5: expected a whole number"),
        ({"listed": [True]}, "x.listed[0]=true: expected a whole number"),
        ({"point": [1]}, "x.point=[1]: expected [a number, a number] or null"),
        ({"either": "no"}, "x.either=no: expected a whole number or auto"),
        ({"rate": "1/0"}, "x.rate=1/0: expected a number or a fraction such as 30000/1001"),
        ({"rate": -1}, "x: rate must be above 0"),
        ({"named": [1]}, "x.named=[1]: expected a mapping"),
    ],
)
def test_nothing_is_guessed(data: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Sample, data, "x")
    assert str(caught.value) == says


def test_suggestions_prefer_the_same_group() -> None:
    assert suggest("chunk.secnds", ["chunk.batch", "chunk.seconds", "ray.seconds"]).endswith("chunk.seconds?")
    assert suggest("zzzzzz", ["chunk.batch"]) == ""


def test_every_kind_of_option_has_words() -> None:
    for kind in (Config, Sample):
        for item in fields(kind):
            assert "typing" not in describe(field_kinds(kind)[item.name])
