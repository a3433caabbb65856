"""Options from people who are not the operator: nothing is imported, called or looked up for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.batch.manifest import read_manifest
from lipsync_ray.errors import ConfigError
from lipsync_ray.overrides import load_config
from lipsync_ray.serve.allowed import check_options

GIVEN = ["video=a.mp4", "audio=b.wav"]
SECRET = "LIPSYNC_TEST_SECRET"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "20")


@pytest.mark.parametrize(
    "word",
    [
        "_target_=os.abort",
        "engine._target_=os.abort",
        "+x=1",
        "++encode.crf=1",
        "~encode",
        "hydra.run.dir=/tmp/x",
        "hydra/launcher=basic",
        "encode.crf=${oc.env:LIPSYNC_TEST_SECRET}",
        "encode.crf=\\${oc.env:LIPSYNC_TEST_SECRET}",
        "face.box=[${oc.env:LIPSYNC_TEST_SECRET},1,2,3]",
        "encode.crf=glob(*)",
        "encode.crf=choice(18,20)",
        "encode=../serve/default",
        "preset=${oc.env:LIPSYNC_TEST_SECRET}",
        "engine.name.name=x",
        "face.box=" + "[" * 100_000,
        *("face.box=" + "[" * deep + "]" * deep for deep in range(900, 1000, 5)),
        "face.box=" + "(" * 100_000,
        "encode.crf=" + "9" * 5000,
        "sync.fps=1e999999999",
        "x" * 100_000 + "=1",
        "encode.crf=1\0",
    ],
    ids=lambda word: f"{word[:40]!r}-{len(word)}",
)
def test_words_that_would_do_more_than_set_an_option_are_refused_in_a_line(word: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config([*GIVEN, word])
    assert len(str(refused.value)) < 1200
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("word", ["out=${oc.env:LIPSYNC_TEST_SECRET}.mp4", "policy.consent=${now:%Y}"])
def test_text_is_never_looked_up(word: str) -> None:
    config = load_config([*GIVEN, word])
    told = config.out if word.startswith("out") else config.policy.consent
    assert told == word.partition("=")[2]


ROWS: list[tuple[dict[str, Any], str]] = [
    ({"engine": "os:abort"}, "a file cannot name code that is to be run"),
    ({"engine.name": "os:abort"}, "a file cannot name code"),
    ({"engine": {"name": "os:abort"}}, "a file cannot name code"),
    ({"quality.retry_engine": "os:abort"}, "a file cannot name code"),
    ({"engine": {"_target_": "os.abort"}}, "is not a column"),
    ({"_target_": "os.abort"}, "is not a column"),
    ({"hydra.run.dir": "/tmp"}, "is not a column"),
    ({"encode.crf": "${oc.env:LIPSYNC_TEST_SECRET}"}, "has no meaning here"),
    ({"out": "../../etc/a.mp4"}, "climbs out of a folder"),
    ({"out": "o/../../a.mp4"}, "climbs out of a folder"),
    ({"id": "../a"}, "holds '/'"),
    ({"id": ".a"}, "starts with a dot"),
    ({"out": "a\0.mp4"}, "holds a zero"),
    ({"video": "a\0.mp4"}, "holds a zero"),
    ({"video": "http://169.254.169.254/a.mp4"}, "http"),
    ({"video": "file://host/a.mp4"}, "another host"),
    ({"serve.host": "0.0.0.0"}, "holds for the whole batch"),
    ({"limits.max_hours": 99}, "holds for the whole batch"),
    ({"ray.cluster": "auto"}, "holds for the whole batch"),
    ({"provenance.key": "/etc/key.pem"}, "holds for the whole batch"),
    ({"provenance.timestamp_url": "http://169.254.169.254/"}, "holds for the whole batch"),
]


@pytest.mark.parametrize(("cells", "said"), ROWS, ids=lambda value: json.dumps(value)[:40])
def test_rows_of_a_manifest_name_no_code_and_no_way_out(
    tmp_path: Path, cells: dict[str, Any], said: str
) -> None:
    place = tmp_path / "jobs.jsonl"
    place.write_text(json.dumps({"video": "a.mp4", "audio": "b.wav", **cells}), "utf-8")
    with pytest.raises(ConfigError, match=said) as refused:
        read_manifest(str(place), out_dir=str(tmp_path))
    assert str(refused.value).startswith(f"{place}, line 1: ")


@pytest.mark.parametrize(
    "options",
    [
        {"_target_": "os.abort"},
        {"engine": "os:abort"},
        {"engine._target_": "os.abort"},
        {"encode.crf": "${oc.env:LIPSYNC_TEST_SECRET}"},
        {"encode.crf": "int(20)"},
        {"encode.audio_codec": "${oc.env:LIPSYNC_TEST_SECRET}"},
        {"speakers.rows": [{"speaker": "${oc.env:LIPSYNC_TEST_SECRET}"}]},
        {"speakers.map": "/etc/passwd"},
        {"limits.max_hours": 99},
        {"ray.cluster": "auto"},
        {"hydra.run.dir": "/tmp"},
        {"quality.retry_engine": "os:abort"},
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_jobs_of_the_service_set_what_is_listed_and_nothing_else(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        _given(options)


def _given(options: dict[str, Any]) -> None:
    """As the service does it: first the list, then all else."""
    check_options(options, ("unit_selection", "wav2lip"))
    load_config([*GIVEN, *(f"{key}={value}" for key, value in options.items())])
