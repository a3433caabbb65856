"""A manifest means the same in all formats, and what is wrong in it is found before anything is begun."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from lipsync_ray.batch.entry import Entry, clean_id
from lipsync_ray.batch.manifest import read_manifest
from lipsync_ray.errors import ConfigError, LipsyncError, ObjectMissing
from lipsync_ray.overrides import load_config
from tests.batch.rows import WRITERS, write_csv, write_jsonl, write_parquet

ROWS = [
    {
        "id": "talk-1",
        "video": "clips/talk 1.mp4",
        "audio": "dubs/a=b.wav",
        "out": "out/1.mp4",
        "encode.crf": 20,
    },
    {"id": "разговор_2", "video": "s3://clips/多语言.mp4", "audio": "dubs/é.wav", "sync.mode": "loop"},
    {"id": "हिन्दी", "video": "c.mp4", "audio": "c.wav", "face.select": "largest", "encode.crf": 18},
]


def refusal(place: str, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read_manifest(place, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("kind", WRITERS)
def test_all_formats_mean_the_same(kind: str, tmp_path: Path) -> None:
    entries = read_manifest(WRITERS[kind](tmp_path / f"backlog.{kind}", ROWS))
    first = {"csv": 2}.get(kind, 1)
    assert entries == [
        Entry(
            id="talk-1",
            video="clips/talk 1.mp4",
            audio="dubs/a=b.wav",
            out="out/1.mp4",
            words=("encode.crf=20",),
            line=first,
        ),
        Entry(
            id="разговор_2",
            video="s3://clips/多语言.mp4",
            audio="dubs/é.wav",
            out=None,
            words=("sync.mode=loop",),
            line=first + 1,
        ),
        Entry(
            id="हिन्दी",
            video="c.mp4",
            audio="c.wav",
            out=None,
            words=("encode.crf=18", "face.select=largest")
            if kind != "jsonl"
            else ("face.select=largest", "encode.crf=18"),
            line=first + 2,
        ),
    ]


def test_a_job_gets_its_own_options_behind_those_of_the_batch(tmp_path: Path) -> None:
    place = write_jsonl(
        tmp_path / "b.jsonl", [{**ROWS[0], "engine": "wav2lip", "engine.pads": [0, 12, 0, 3]}]
    )
    (entry,) = read_manifest(place, base=["encode.crf=30", "sync.mode=loop"])
    config = load_config(["encode.crf=30", "sync.mode=loop", *entry.job_words()])
    assert (config.video, config.audio.file, config.out) == ("clips/talk 1.mp4", "dubs/a=b.wav", "out/1.mp4")
    assert (config.encode.crf, config.sync.mode, config.engine.name) == (20, "loop", "wav2lip")
    assert getattr(config.engine, "pads") == (0, 12, 0, 3)  # noqa: B009 - only this arm has it


def test_objects_stand_for_groups(tmp_path: Path) -> None:
    nested = {
        "video": "a.mp4",
        "audio": {"file": "a.wav", "drive": "voice.wav"},
        "encode": {"crf": 20, "preset": None},
        "face": {"box": [1, 2, 30, 40], "select": "box"},
        "keep": {"subtitles": False},
    }
    flat = {
        "video": ["a.mp4"],
        "audio": [{"file": "a.wav", "drive": "voice.wav"}],
        "encode": [{"crf": 20, "preset": None}],
        "face": [{"box": [1, 2, 30, 40], "select": "box"}],
        "keep": [{"subtitles": False}],
    }
    parquet.write_table(pa.table(flat), tmp_path / "b.parquet")
    for place in (write_jsonl(tmp_path / "b.jsonl", [nested]), str(tmp_path / "b.parquet")):
        (entry,) = read_manifest(place)
        assert (entry.id, entry.audio) == ("a", "a.wav")
        assert sorted(entry.words) == [
            "audio.drive=voice.wav",
            "encode.crf=20",
            "face.box=[1, 2, 30, 40]",
            "face.select=box",
            "keep.subtitles=false",
        ]
        assert load_config(entry.job_words()).face.box == (1, 2, 30, 40)


def test_segments_stand_for_the_audio(tmp_path: Path) -> None:
    pieces = [{"file": "a.wav", "start": 0.5}]
    (entry,) = read_manifest(
        write_jsonl(tmp_path / "b.jsonl", [{"video": "a.mp4", "audio": {"segments": pieces}}])
    )
    assert entry.audio == ""
    assert load_config(entry.job_words()).audio.pieces()[0].file == "a.wav"


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "b.CSV"
    lines = [
        "\ufeffid, video ,audio,encode.crf,out",
        "",
        'one,"a, b.mp4", a.wav,,',
        ',"c ""d"".mp4",c.wav,21,',
        ",,,,",
        "",
    ]
    path.write_bytes("\r\n".join(lines).encode())
    assert read_manifest(str(path)) == [
        Entry(id="one", video="a, b.mp4", audio="a.wav", out=None, line=3),
        Entry(id="c_d", video='c "d".mp4', audio="c.wav", out=None, words=("encode.crf=21",), line=4),
    ]


def test_lines_are_counted_through_quoted_newlines(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes(
        b'id,video,audio\r\na,"one\r\ntwo\nthree.mp4",a.wav\r\nb,b.mp4,b.wav\r\nc,c.mp4,"c\n.wav"\r\n'
    )
    entries = read_manifest(str(path))
    assert [(entry.id, entry.line) for entry in entries] == [("a", 2), ("b", 5), ("c", 6)]
    assert entries[0].video == "one\r\ntwo\nthree.mp4"
    path.write_bytes(path.read_bytes() + b"d,d.mp4,\r\n")
    assert refusal(str(path)) == f"{path}, line 8: audio is missing"


def test_json_lines_may_hold_other_line_ends_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "b.ndjson"
    first, second = '{"video": "a\u2028b.mp4", "audio": "a.wav"}', '{"video":"c.mp4","audio":"c.wav"}'
    path.write_bytes(f"\ufeff{first}\r\n\n  \n{second}".encode())
    assert [(entry.video, entry.line) for entry in read_manifest(str(path))] == [
        ("a\u2028b.mp4", 1),
        ("c.mp4", 4),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"video": "a.mp4", "audio": "a.wav"}\n{"video": \n', "line 2: is not JSON"),
        ('\n["a.mp4"]', "line 2: is no object"),
        ('{"video": "a.mp4", "video": "b.mp4", "audio": "a.wav"}', "line 1: video is there twice"),
        ('{"audio": "a.wav", "audio.file": "b.wav", "video": "a.mp4"}', "line 1: audio is there twice"),
        ('{"video": "a.mp4", "audio": "a.wav", "encode.crf": NaN}', "line 1: NaN is not JSON"),
        ('{"video": 7, "audio": "a.wav"}', "line 1: video=7: expected the name of a file"),
        ('{"video": "", "audio": "a.wav"}', "line 1: video is missing"),
        ('{"audio": "a.wav"}', "line 1: video is missing"),
        ('{"video": "a.mp4", "audio": "a.wav", "id": true}', "line 1: id=True: expected text"),
        ('{"video": "a.mp4", "audio": "a.wav", "id": "../a"}', "line 1: id '../a' holds '/'"),
        ('{"video": "a.mp4", "audio": "a.wav", "id": "a b"}', "line 1: id 'a b' holds ' '"),
        ('{"video": "a.mp4", "audio": "a.wav", "id": ".a"}', "line 1: id '.a' starts with a dot"),
        ('{"video": "a.mp4", "audio": "a.wav", "id": ""}', "line 1: id '' is empty"),
        ('{"video": "ftp://h/a.mp4", "audio": "a.wav"}', "line 1: ftp:// is not known"),
        ('{"video": "a\\ud800.mp4", "audio": "a.wav"}', "line 1: the name 'a\\ud800.mp4' is not UTF-8"),
        ("", "holds no jobs"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text(text, "utf-8")
    assert said in refusal(str(path))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"id;video;audio\na;b;c\n", "line 1: has one column; columns are separated by commas"),
        (b"video,audio,video\na,b,c\n", "line 1: the column video is there twice"),
        (b"video,,audio\na,b,c\n", "line 1: column 2 has no name"),
        (b"video,audio\na.mp4,a.wav\nb.mp4\n", "line 3: has 1 cells, and the header names 2 columns"),
        (b'video,audio\na.mp4,a.wav\n"b.mp4,b.wav\n', "line 3: is not CSV"),
        (b"video,audio\na.mp4,a.wav\n\xff.mp4,b.wav\n", "line 3: is not UTF-8"),
        ("video,audio\n".encode("utf-16"), "line 1: is UTF-16"),
        (b"video,audio\n", "holds no jobs"),
    ],
)
def test_a_broken_csv_is_told_with_its_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes(data)
    assert said in refusal(str(path))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("encode.crff", "'encode.crff' is not a column; did you mean encode.crf?"),
        ("crf", "'crf' is not a column; did you mean encode.crf?"),
        ("vidoe", "'vidoe' is not a column; did you mean video?"),
        ("xyz.qqq", "'xyz.qqq' is not a column; known are id, video, audio, out"),
        (
            "ray.workers",
            "ray.workers holds for the whole batch and is no column; give it on the command line",
        ),
        ("cache.dir", "cache.dir holds for the whole batch"),
        ("weights.offline", "weights.offline holds for the whole batch"),
        ("license.policy", "license.policy holds for the whole batch"),
        ("batch.max_attempts", "batch.max_attempts holds for the whole batch"),
        ("cost.usd_per_gpu_hour", "cost.usd_per_gpu_hour holds for the whole batch"),
        ("log", "log holds for the whole batch"),
        ("debug", "debug holds for the whole batch"),
    ],
)
def test_unknown_columns_are_refused_where_they_are_named(column: str, said: str, tmp_path: Path) -> None:
    good, bad = {"video": "a.mp4", "audio": "a.wav"}, {"video": "b.mp4", "audio": "b.wav", column: "1"}
    jsonl = write_jsonl(tmp_path / "b.jsonl", [good, bad])
    assert refusal(jsonl).startswith(f"{jsonl}, line 2: {said}")
    empty = write_csv(tmp_path / "b.csv", [good, {**bad, column: ""}])
    assert refusal(empty).startswith(f"{empty}, line 1: {said}")
    table = write_parquet(tmp_path / "b.parquet", [good, bad])
    assert refusal(table).startswith(f"{table}: {said}")


@pytest.mark.parametrize("kind", WRITERS)
def test_wrong_values_are_told_with_their_line(kind: str, tmp_path: Path) -> None:
    rows = [
        {"video": "a.mp4", "audio": "a.wav", "encode.crf": "20"},
        {"video": "b.mp4", "audio": "b.wav", "encode.crf": "many"},
        {"video": "c.mp4", "audio": "c.wav", "encode.crf": "20"},
        {"video": "d.mp4", "audio": "d.wav", "encode.crf": "-7"},
    ]
    place = WRITERS[kind](tmp_path / f"b.{kind}", rows)
    unit, second, last = {"csv": ("line", 3, 5), "jsonl": ("line", 2, 4), "parquet": ("row", 2, 4)}[kind]
    text = refusal(place)
    assert text.startswith(f"{place}, {unit} {second}: encode.crf=many: ")
    assert text.endswith(f"(also wrong: {unit} {last})")


def test_values_are_judged_with_the_options_of_the_batch(tmp_path: Path) -> None:
    place = write_jsonl(
        tmp_path / "b.jsonl", [{"video": "a.mp4", "audio": "a.wav", "engine.pads": [0, 1, 0, 0]}]
    )
    assert "line 1: engine.pads belongs to engine=" in refusal(place)
    assert len(read_manifest(place, base=["engine=wav2lip"])) == 1
    place = write_jsonl(tmp_path / "b.jsonl", [{"video": "a.mp4", "audio": "a.wav", "engine": "wav2lap"}])
    assert "line 1: engine" in refusal(place)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"id": "x"}, {"id": "x"}, "id x is taken by line 1; ids must differ"),
        ({"id": "caf\u00e9"}, {"id": "cafe\u0301"}, "is taken by line 1; ids must differ"),
        ({"video": "d/a.mp4"}, {"video": "e/a.mov"}, "id a is taken by line 1; ids must differ"),
        (
            {"id": "x", "out": "o/1.mp4"},
            {"id": "y", "out": "./o//1.mp4"},
            "is taken by line 1; choose another",
        ),
        ({"id": "x", "out": "s3://b/1.mp4"}, {"id": "y", "out": "s3://b/1.mp4"}, "is taken by line 1"),
        ({"id": "x", "video": "in.mp4"}, {"id": "y", "out": "./in.mp4"}, "is read by line 1; choose another"),
        ({"id": "x"}, {"id": "y", "out": "out/videos/x.mp4"}, "is taken by line 1; choose another"),
    ],
)
def test_what_two_jobs_cannot_share(
    first: dict[str, str], second: dict[str, str], said: str, tmp_path: Path
) -> None:
    plain = {"audio": "a.wav"}
    place = write_jsonl(
        tmp_path / "b.jsonl",
        [{"video": "v1.mp4", **plain, **first}, {"video": "v2.mp4", **plain, **second}],
    )
    text = refusal(place, out_dir="out")
    assert text.startswith(f"{place}, line 2: ")
    assert said in text


def test_many_wrong_lines_are_counted(tmp_path: Path) -> None:
    place = write_jsonl(tmp_path / "b.jsonl", [{"video": f"{n}.mp4"} for n in range(20)])
    text = f"{place}, line 1: audio is missing (also wrong: lines 2, 3, 4, 5, 6 and 14 more)"
    assert refusal(place) == text


def test_ids_come_from_the_output_or_the_video(tmp_path: Path) -> None:
    rows = [
        {"video": "v/Interview (final) #2.mp4", "audio": "a.wav"},
        {"video": "v.mp4", "audio": "a.wav", "out": "s3://bucket/de/talk.v2.mov"},
        {"video": "w.mp4", "audio": "a.wav", "id": 7},
    ]
    entries = read_manifest(write_jsonl(tmp_path / "b.jsonl", rows), out_dir="s3://b/o")
    assert [entry.id for entry in entries] == ["Interview_final_2", "talk.v2", "7"]
    assert [entry.out for entry in entries] == [
        "s3://b/o/videos/Interview_final_2.mp4",
        "s3://bucket/de/talk.v2.mov",
        "s3://b/o/videos/7.mp4",
    ]


def test_ids_fit_into_file_names(tmp_path: Path) -> None:
    long = "ü" * 200
    (tmp_path / f"{clean_id(long)}.processed.json").touch()
    assert clean_id(" .. ") == "_"
    with pytest.raises(ConfigError, match="has 400 bytes; at most"):
        Entry(id=long, video="a", audio="b", out=None, line=1)


def test_numbers_of_tables_with_gaps_stay_whole(tmp_path: Path) -> None:
    table = pa.table(
        {
            "video": ["a.mp4", "b.mp4"],
            "audio": ["a.wav", "b.wav"],
            "id": [1, 2],
            "encode.crf": [20.0, None],  # as pandas makes of a column with gaps
            "chunk.seconds": [7.5, None],
        }
    )
    parquet.write_table(table, tmp_path / "b.parquet")
    entries = read_manifest(str(tmp_path / "b.parquet"))
    assert [(entry.id, entry.words) for entry in entries] == [
        ("1", ("encode.crf=20", "chunk.seconds=7.5")),
        ("2", ()),
    ]


def test_null_is_said_by_the_word(tmp_path: Path) -> None:
    rows = [
        {"video": "a.mp4", "audio": "a.wav", "chunk.timeout_s": None},
        {"video": "b.mp4", "audio": "b.wav", "chunk.timeout_s": "null"},
    ]
    entries = read_manifest(write_jsonl(tmp_path / "b.jsonl", rows), base=["chunk.timeout_s=9"])
    timeouts = [load_config(["chunk.timeout_s=9", *e.job_words()]).chunk.timeout_s for e in entries]
    assert timeouts == [9.0, None]


def test_files_that_are_no_manifests(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing, match=r"none\.jsonl does not exist"):
        read_manifest(str(tmp_path / "none.jsonl"))
    assert "one of .jsonl, .ndjson, .csv, .parquet" in refusal(str(tmp_path / "b.xlsx"))
    (tmp_path / "b.parquet").write_bytes(b"PAR1 not really PAR1")
    assert "b.parquet is not Parquet" in refusal(str(tmp_path / "b.parquet"))


def test_credentials_are_not_repeated(tmp_path: Path) -> None:
    place = write_jsonl(tmp_path / "b.jsonl", [{"video": "s3://me:hush@b/a.mp4", "audio": "a.wav"}])
    with pytest.raises(LipsyncError) as caught:
        read_manifest(place)
    assert "line 1" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_ten_thousand_jobs(tmp_path: Path) -> None:
    rows = [
        {"video": f"{n}.mp4", "audio": f"{n}.wav", "encode.crf": 18 + n % 5, "sync.mode": "loop"}
        for n in range(10_000)
    ]
    entries = read_manifest(write_jsonl(tmp_path / "b.jsonl", rows))
    assert (len(entries), entries[-1].line, entries[-1].words[0]) == (10_000, 10_000, "encode.crf=22")


def test_names_of_this_machine_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("sub")
    Path("sub/b.jsonl").write_text(json.dumps({"video": "~/$x {1}.mp4", "audio": "../[a]*.wav"}), "utf-8")
    (entry,) = read_manifest("sub/b.jsonl")
    assert (entry.video, entry.audio) == ("~/$x {1}.mp4", "../[a]*.wav")
