"""Speakers maps as people and programs write them, and what is wrong with others."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.errors import ConfigError
from lipsync_ray.speakers.mapfile import read_map, seconds, write_csv
from lipsync_ray.speakers.settings import SpeakerRow


def read(text: str, name: str = "map.csv") -> tuple[SpeakerRow, ...]:
    return read_map(text, name, lambda given: f"/maps/{given}")


def test_a_table_of_speakers() -> None:
    rows = read(
        "\ufeffspeaker,face,start,end,audio\n"
        "anna,left,,,anna.wav\n"
        "\n"
        "ben,3+7,1.5,00:01:02.25,ben.wav\n"
        "ben,,63,,leave\n"
        ",faces/cid.png,,,\n"
    )
    assert rows == (
        SpeakerRow(speaker="anna", face="left", audio="/maps/anna.wav"),
        SpeakerRow(speaker="ben", face="3+7", start=1.5, end=62.25, audio="/maps/ben.wav"),
        SpeakerRow(speaker="ben", start=63.0, audio="leave"),
        SpeakerRow(speaker="cid", face="/maps/faces/cid.png"),
    )


def test_a_table_with_semicolons() -> None:
    rows = read("speaker;face;start;audio\nanna;left;1,5;a.wav\nanna;;2,25;LEAVE\n")
    assert rows == (
        SpeakerRow(speaker="anna", face="left", start=1.5, audio="/maps/a.wav"),
        SpeakerRow(speaker="anna", start=2.25, audio="leave"),
    )


def test_the_same_in_json() -> None:
    given = [{"speaker": "ben", "face": 3, "start": 1.5, "end": "1:02,25", "audio": "ben.wav", "skip": None}]
    row = SpeakerRow(speaker="ben", face="3", start=1.5, end=62.25, audio="/maps/ben.wav")
    assert read(json.dumps(given), "map.json") == (row,)


def test_blanks_in_a_table_are_nothing() -> None:
    rows = read("face, audio , start,end\nleft, a.wav, 0, 1.5\n , , ,\nleft, , 2, \n")
    assert rows == (
        SpeakerRow(face="left", audio="/maps/a.wav", start=0.0, end=1.5),
        SpeakerRow(face="left", start=2.0),
    )


def test_diarization_tells_who_speaks_when() -> None:
    text = (
        ";; made by a program\n"
        "SPKR-INFO two 1 <NA> <NA> <NA> unknown anna <NA> <NA>\n"
        "SPEAKER two 1 0.30 1.25 <NA> <NA> anna <NA> <NA>\n"
        "SPEAKER two 1 2.10 0.40 <NA> <NA> ben <NA> <NA>\n"
    )
    assert read(text, "two.rttm") == (
        SpeakerRow(speaker="anna", start=0.3, end=1.55),
        SpeakerRow(speaker="ben", start=2.1, end=2.5),
    )


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("speaker,fase\nanna,left\n", "map.csv", r"map\.csv, line 2: unknown column fase; did you mean face"),
        ("speaker,face\nanna,left,1\n", "map.csv", r"line 2: more fields than the header"),
        ("face,start,end\nleft,2,1\n", "map.csv", r"line 2: .*ends at 1 s, before it starts at 2 s"),
        ("face,start\nleft,soon\n", "map.csv", r"line 2: start=soon: expected seconds"),
        ("face,start\nleft,-1\n", "map.csv", r"line 2: .*start=-1"),
        ("face,start\nleft,nan\n", "map.csv", r"line 2: .*start=nan"),
        ("face\nlfet\n", "map.csv", r"line 2: .*face lfet: expected left.*did you mean left"),
        ("face\n1:2:3\n", "map.csv", r"line 2: .*a point is x:y"),
        ("audio\na.wav\n", "map.csv", r"line 2: .*neither a speaker nor a face"),
        ("speaker,face\n", "map.csv", r"has no rows"),
        ("face,audio,audio\nleft,a.wav,b.wav\n", "map.csv", r"line 1: there are two columns audio"),
        ("{", "map.json", r"is no JSON"),
        ("[" * 100_000, "map.json", r"is no JSON"),
        ('{"a": 1}', "map.json", r"expected a list of objects"),
        ("SPEAKER two 1 0.30\n", "two.rttm", r"line 1: expected SPEAKER"),
        ("x", "map.txt", r"ends in \.csv, \.json or \.rttm"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, name: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read(text, name)


TIMES = st.none() | st.integers(0, 10**7).map(lambda ms: ms / 1000)
NAMES = st.text(st.characters(whitelist_categories=("L", "N"), whitelist_characters=' ",_-'), max_size=9)


@given(names=st.lists(st.tuples(NAMES.map(str.strip), TIMES), min_size=1, max_size=5))
def test_what_is_written_is_read_again(names: list[tuple[str, float | None]]) -> None:
    rows = [SpeakerRow(speaker=f"s{name}".strip(), face="left", start=at) for name, at in names]
    assert read(write_csv(rows)) == tuple(rows)


def test_times() -> None:
    given = ("1", "1.5", "1,5", "2:01.5", "1:00:00")
    assert [seconds(value, "start") for value in given] == [1, 1.5, 1.5, 121.5, 3600]
