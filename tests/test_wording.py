"""Values of Python read by the rules of the command line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.config import Config, OwnEngine
from lipsync_ray.engines.wav2lip.settings import Wav2LipSettings
from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import arms, field_kinds
from lipsync_ray.media.audio_segments import AudioPiece
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.timeline import SyncSettings
from lipsync_ray.overrides import load_config
from lipsync_ray.wording import group_words, option_words, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        (Path("x y.mp4"), "x y.mp4"),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (20.0, "20"),
        (0.1, "0.1"),
        (np.int64(4), "4"),
        (np.float32(0.5), "0.5"),
        (Fraction(30000, 1001), "30000/1001"),
        ([1, 2.5], "[1, 2.5]"),
        ((0, 10), "[0, 10]"),
        ({"a": Path("é.wav")}, '{"a": "é.wav"}'),
    ],
)
def test_a_value_is_written_as_it_would_be_typed(value: object, text: str) -> None:
    assert text_of("key", value) == text


@pytest.mark.parametrize("value", [object(), b"x", {1, 2}, [object()]])
def test_what_no_option_takes_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"^key: a \w+ is not read; write text, a number or a list$"):
        text_of("key", value)


def test_options_arrive_with_their_types() -> None:
    pieces = (AudioPiece(start=0.0, end=2.5, file="a b.wav"),)
    options = {
        "encode.crf": 16,
        "audio.segments": pieces,
        "sync.fps": Fraction(24000, 1001),
        "ray.workers": None,
        "cache.enabled": False,
        "face.point": (3, 4.5),
    }
    config = load_config(["video=a", *option_words(options)])
    assert config.encode.crf == 16
    assert config.audio.segments == pieces
    assert config.sync.rate() == Fraction(24000, 1001)
    assert (config.ray.workers, config.cache.enabled, config.face.point) == (None, False, (3.0, 4.5))


GROUPS = [name for name in field_kinds(Config) if name not in ("video", "out", "audio", "log", "debug")]


@pytest.mark.parametrize("group", GROUPS)
def test_a_whole_group_comes_back_as_it_was_given(group: str) -> None:
    kind = field_kinds(Config)[group]
    for settings in [one() for one in arms(kind) if one is not OwnEngine] or [kind()]:
        words = ["video=a", "preset=best", *group_words({group: settings})]
        assert getattr(load_config(words), group) == settings


def test_groups_with_values_of_their_own() -> None:
    groups = {
        "engine": Wav2LipSettings(pads=(0, 20, 0, 0)),
        "encode": EncodeSettings(crf=16),
        "sync": SyncSettings(mode="loop"),
    }
    config = load_config(["video=a", *group_words(groups)])
    assert {name: getattr(config, name) for name in groups} == groups
    own = OwnEngine(name="package.module:Mouth")
    assert load_config(["video=a", *group_words({"engine": own})]).engine == own


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({"encod": EncodeSettings()}, "encod is no group of options; did you mean encode?"),
        ({"video": "a.mp4"}, "video is no group of options"),
        ({"encode": {"crf": 3}}, "encode: expected EncodeSettings, not dict; options={'encode.NAME': ...}"),
        ({"sync": EncodeSettings()}, "sync: expected SyncSettings, not EncodeSettings"),
    ],
)
def test_a_wrong_group_is_told(groups: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(group_words(groups))
    assert str(caught.value).startswith(says)
