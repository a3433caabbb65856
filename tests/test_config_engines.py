"""Engines have options of their own: a name chooses which there are; flags of other scripts are known."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from lipsync_ray.config import Config, EngineSettings, OwnEngine, to_plain
from lipsync_ray.engines.lipgan.settings import LipGanSettings
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings
from lipsync_ray.engines.wav2lip.settings import Wav2LipSettings
from lipsync_ray.errors import ConfigError
from lipsync_ray.fingerprint import fingerprint
from lipsync_ray.help import run_help
from lipsync_ray.kinds import arms, describe, field_kinds, known_names, pick_arm
from lipsync_ray.knobs import read_groups
from lipsync_ray.overrides import conf_dir, group_options, load_config
from lipsync_ray.schema import build, find_kind, list_keys

CHOICES = [group for group, kind in field_kinds(Config).items() if arms(kind)]
BOXED = "wav2lip, lipgan or video_retalking"


def refusal(*words: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(["video=in.mp4", *words])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], UnitSelectionSettings()),
        (["engine.max_units=7"], UnitSelectionSettings(max_units=7)),
        (["engine=wav2lip"], Wav2LipSettings()),
        (["engine.name=wav2lip"], Wav2LipSettings()),
        (["engine=lipgan", "engine.nosmooth=true"], LipGanSettings(nosmooth=True)),
        (["engine.pads=[0,20,0,0]", "engine=lipgan"], LipGanSettings(pads=(0, 20, 0, 0))),
        (["engine=wav2lip", "engine.box=[1,2,3,4]"], Wav2LipSettings(box=(1, 2, 3, 4))),
        (["engine=wav2lip", "engine.box=[1,2,3,4]", "engine.box=null"], Wav2LipSettings()),
        (["engine=video_retalking"], VideoReTalkingSettings(pads=(0, 20, 0, 0))),
        (["engine=video_retalking", "engine.exp_img=a b=1.png"], VideoReTalkingSettings(exp_img="a b=1.png")),
        (["engine=video_retalking", "engine=wav2lip", "engine.checkpoint=wav2lip_plain"], "wav2lip"),
        (["engine=tests.toy_engines:Identity"], OwnEngine(name="tests.toy_engines:Identity")),
        (["engine.name=tests.toy_engines:Identity"], OwnEngine(name="tests.toy_engines:Identity")),
        (["engine=wav2lip", "engine.name=a:B"], OwnEngine(name="a:B")),
    ],
)
def test_a_name_chooses_the_settings(words: list[str], expected: Any) -> None:
    found = load_config(["video=a", *words]).engine
    assert found == (Wav2LipSettings(checkpoint="wav2lip_plain") if expected == "wav2lip" else expected)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["engine.pads=[0,0,0,0]"], f"engine.pads belongs to engine={BOXED}; this is engine=unit_selection"),
        (["engine=lipgan", "engine.seed=1"], "belongs to engine=video_retalking; this is engine=lipgan"),
        (["engine=wav2lip", "engine.candidates=3"], "engine=unit_selection; this is engine=wav2lip"),
        (["engine=a:B", "engine.max_units=3"], "belongs to engine=unit_selection; this is engine=a:B"),
        (["engine=wav2lip", "engine.pad=[1]"], "not an option of engine=wav2lip; did you mean engine.pads?"),
        (["engine=video_retalking", "engine.see=1"], "did you mean engine.seed?"),
        (["engine.pad=[1]"], f"of engine=unit_selection; did you mean engine.pads of engine={BOXED}?"),
        (["engine.max_yam=1"], "did you mean engine.max_yaw?"),
        (["engine=wav2lip", "engine.crf=1"], "did you mean encode.crf?"),
        (["engine=wav2lp"], "package.module:Class for an engine of your own; did you mean wav2lip?"),
        (["engine.name=wav2lp"], "engine=wav2lp: expected one of unit_selection, wav2lip,"),
        (["engine="], "engine=: expected one of"),
        (["engine=wav2lip", "engine.pads=[0,10]"], "engine.pads=[0, 10]: expected a list of 4 whole numbers"),
        (["engine=wav2lip", "engine.pads=0,1,2,3"], "cannot be read; expected a list of 4 whole numbers"),
        (["engine=wav2lip", "engine.pads=[0,-1,0,0]"], "engine.pads=[0, -1, 0, 0] must not be negative"),
        (["engine=lipgan", "engine.box=[9,2,3,4]"], "engine.box=[9, 2, 3, 4] is no box: expected [top,"),
        (["engine=wav2lip", "engine.checkpoint=wav2lip_gam"], "did you mean wav2lip_gan?"),
        (["engine=video_retalking", "engine.exp_img="], "engine.exp_img= has no value; expected text"),
        (["engine=video_retalking", "engine.up_face=happy"], "one of original, sad, angry, surprise"),
        (["engine=video_retalking", "engine.seed=-1"], "engine.seed=-1 must be 0 or more"),
        (["preset.every=0"], "preset.every=0 must"),
        (["preset=quick"], "preset=quick: expected one of balanced, best, fast (its options: preset."),
        (["compute.batch=0"], "compute.batch=0 must be 1 or more, or auto"),
    ],
)  # fmt: skip
def test_an_option_of_another_engine_is_one_line_that_helps(words: list[str], says: str) -> None:
    assert says in refusal(*words)


@pytest.mark.parametrize("group", CHOICES)
def test_every_arm_has_a_file_that_holds_its_defaults(group: str) -> None:
    choice = field_kinds(Config)[group]
    assert sorted(known_names(choice)) == group_options(group)
    for name in known_names(choice):
        data = yaml.safe_load((conf_dir() / group / f"{name}.yaml").read_text("utf-8"))
        assert asdict(build(choice, data, group)) == asdict(build(choice, {"name": name}, group))
        assert set(data) == set(field_kinds(pick_arm(choice, name) or object))


@pytest.mark.parametrize("group", CHOICES)
def test_help_shows_each_option_under_its_arm(group: str) -> None:
    choice = field_kinds(Config)[group]
    for shown in (shown for shown in read_groups() if shown.name == group):
        own = {f"{group}.{field}" for field in field_kinds(pick_arm(choice, shown.option) or object)}
        assert {knob.key for knob in shown.knobs} | {f"{group}.name"} == own
    text = run_help()
    wav2lip = text[text.index("engine=wav2lip - ") :]
    assert "  engine.pads=[0,10,0,0]" in wav2lip
    assert wav2lip.index("engine.checkpoint=") < wav2lip.index("\n\n")


def test_a_preset_is_a_file_and_still_has_options() -> None:
    fast = load_config(["video=a", "preset=fast", "preset.every=3"])
    assert (fast.preset.resize_factor, fast.preset.every, fast.encode.preset) == (1, 3, "veryfast")


@pytest.mark.parametrize(("engine", "every"), [("unit_selection", 1), ("wav2lip", 2), ("a.b:C", 1)])
def test_fast_draws_less_only_where_networks_draw(engine: str, every: int) -> None:
    assert load_config(["video=a", "preset=fast", f"engine={engine}"]).preset.every == every
    assert load_config(["video=a", f"engine={engine}"]).preset.every == 1
    assert load_config(["video=a", "preset=fast", f"engine={engine}", "preset.every=4"]).preset.every == 4


def test_every_engine_with_networks_draws_less_in_fast() -> None:
    files = {path.stem for path in (conf_dir() / "preset" / "engines").glob("*.yaml")}
    assert files == {f"fast_{name}" for name in group_options("engine") if name != "unit_selection"}


def test_the_preset_gives_way_to_every_option_that_is_set() -> None:
    for words in (["encode.crf=20", "preset=best"], ["preset=best", "encode.crf=20"]):
        encode = load_config(["video=a", *words]).encode
        assert (encode.crf, encode.preset) == (20, "slow")


def test_a_preset_sets_what_it_lists_and_nothing_else() -> None:
    plain = to_plain(load_config(["video=a"]))
    for name in group_options("preset"):
        changed = to_plain(load_config(["video=a", f"preset={name}"]))
        listed = yaml.safe_load((conf_dir() / "preset" / f"{name}.yaml").read_text("utf-8"))
        for group, options in listed.items():
            plain_group = {**plain[group], **options}
            assert changed[group] == plain_group
        assert all(changed[group] == plain[group] for group in plain if group not in listed)


def test_plain_settings_and_fingerprints_know_the_engine() -> None:
    found = [load_config(["video=a", f"engine={name}"]) for name in ("wav2lip", "lipgan", "a.b:C")]
    assert to_plain(found[0])["engine"]["pads"] == [0, 10, 0, 0]
    assert to_plain(found[2])["engine"] == {"name": "a.b:C"}
    assert [build(Config, to_plain(config)) for config in found] == found
    more = load_config(["video=a", "engine=lipgan", "engine.nosmooth=true"])
    assert len({fingerprint(config.engine) for config in [*found, more]}) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pads=0 10 0 0"], f"pads is not known: write engine.pads=[0,10,0,0] with engine={BOXED}"),
        (["pads=0", "20", "0", "0"], "write engine.pads=[0,20,0,0] with"),
        (["--pads", "0", "15", "0", "0", "--nosmooth"], "--pads is not known: write engine.pads=[0,15,0,0]"),
        (["--pads"], "write engine.pads=[0,10,0,0] with"),
        (["engine=wav2lip", "pads=[1,2,3,4]"], "write engine.pads=[1,2,3,4] with"),
        (["--box", "1", "2"], "write engine.box=[100,300,200,400] with"),
        (["--nosmooth"], "write engine.nosmooth=true with engine="),
        (["nosmooth=True"], "write engine.nosmooth=true with engine="),
        (["resize_factor=4"], "resize_factor is not known: write preset.resize_factor=4"),
        (["--static", "True"], "write media.static=true"),
        (["--exp_img", "smile.png"], "write engine.exp_img=smile.png with engine=video_retalking"),
        (["up_face=sad"], "write engine.up_face=sad with engine=video_retalking"),
        (["--face_det_batch_size=4"], "write compute.batch=4"),
        (["wav2lip_batch_size=64"], "write compute.batch=64"),
        (["--face", "my clip.mp4"], "--face is not known: write 'video=my clip.mp4'"),
        (["face=clip.mp4"], "face is not known: write video=clip.mp4"),
        (["face=quick"], "face=quick: face is a group; set one of its options"),
        (["--audio", "a.wav"], "--audio is not known: write audio.file=a.wav"),
        (["--outfile=r.mp4"], "--outfile is not known: write out=r.mp4"),
        (["--fps", "30"], "write sync.fps=30"),
        (["--checkpoint_path", "wav2lip.pth"], "engine.checkpoint=NAME chooses one of Wav2Lip's networks"),
    ],
)  # fmt: skip
def test_flags_of_other_scripts_are_known(words: list[str], says: str) -> None:
    assert refusal(*words).startswith(says) or f"is not known: {says}" in refusal(*words)


def test_what_a_hint_says_to_write_is_taken() -> None:
    for flag in (
        "pads",
        "box",
        "nosmooth",
        "static",
        "resize_factor",
        "exp_img",
        "up_face",
        "fps",
        "tmp_dir",
    ):
        hint = refusal(f"--{flag}")
        engine = re.search(r" with (engine=\w+)", hint)
        option = re.search(r"write (\S+)", hint)
        assert option
        load_config(["video=a", option[1], *([engine[1].replace("engine=wav2lip,", "")] if engine else [])])


# The mechanism, on a choice without an arm for other names.


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    name: Literal["circle", "disc"] = "circle"
    radius: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    name: Literal["square"] = "square"
    side: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    shape: Round | Square = Round()


def test_a_choice_is_built_by_its_name() -> None:
    assert build(Drawing, {"shape": {"name": "square", "side": 2}}) == Drawing(shape=Square(side=2.0))
    assert build(Drawing, {"shape": {"name": "disc"}}).shape == Round(name="disc")
    assert build(Drawing, {"shape": {"radius": 3}}).shape == Round(radius=3.0)  # the first, unless named
    assert list_keys(Drawing) == ["shape.name", "shape.radius", "shape.side"]
    assert find_kind(Drawing, "shape.side", {"shape": "square"}) is float
    assert describe(find_kind(Drawing, "shape.name")) == "one of circle, disc, square"
    assert describe(field_kinds(Drawing)["shape"]) == "the settings of circle, disc or square"


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ({"name": "cube"}, "shape.name=cube: expected one of circle, disc, square"),
        ({"side": 1}, "shape.side belongs to shape=square; this is shape=circle"),
        ({"name": "disc", "side": 1}, "shape.side belongs to shape=square; this is shape=disc"),
        (
            {"name": "square", "sid": 1},
            "shape.sid is not an option of shape=square; did you mean shape.side?",
        ),
        ({"name": "square", "side": "x"}, "shape.side=x: expected a number"),
        (3, "shape=3: expected the settings of circle, disc or square"),
    ],
)
def test_a_choice_is_refused_in_one_line(shape: Any, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Drawing, {"shape": shape})
    assert str(caught.value) == says


def test_other_unions_are_no_choices() -> None:
    assert arms(int | None) == arms(Square) == arms(Square | None) == ()
    assert arms(EngineSettings)[0] is UnitSelectionSettings


def test_engine_settings_need_no_torch() -> None:
    for name in known_names(EngineSettings):
        path = Path(conf_dir().parent, "lipsync_ray", "engines", name, "settings.py")
        assert "torch" not in path.read_text("utf-8")
