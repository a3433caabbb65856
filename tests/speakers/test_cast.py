"""Rows of a map as speakers: what each says, and when."""

from __future__ import annotations

import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.speakers.cast import Line, cast_of
from lipsync_ray.speakers.settings import SpeakerRow
from lipsync_ray.speakers.who import Who, parse_who


def test_a_sound_each() -> None:
    anna, ben = cast_of(
        [SpeakerRow(speaker="anna", face="left", audio="a.wav"), SpeakerRow(face="#3+7", audio="b.wav")]
    )
    assert (anna.name, anna.who, ben.name) == ("anna", Who(kind="left"), "#3+7")
    assert ben.who == Who(kind="faces", faces=(3, 7))
    assert anna.lines == (Line(file="a.wav", start=0.0, end=None, skip=0.0),)


def test_pieces_begin_with_their_files_and_give_way_to_each_other() -> None:
    (anna,) = cast_of(
        [
            SpeakerRow(speaker="anna", start=5.0, audio="two.wav", skip=0.5),
            SpeakerRow(speaker="anna", face="left", start=1.0, audio="one.wav"),
        ]
    )
    assert anna.lines == (
        Line(file="one.wav", start=1.0, end=5.0, skip=0.0),
        Line(file="two.wav", start=5.0, end=None, skip=0.5),
    )


def test_times_take_parts_of_the_sound_that_lasts_all_the_time() -> None:
    stem = SpeakerRow(speaker="anna", face="left", audio="anna.wav")
    turns = [SpeakerRow(speaker="anna", start=at, end=at + 1) for at in (3.0, 1.0)]
    (anna,) = cast_of([stem, *turns])
    assert anna.lines == tuple(Line(file="anna.wav", start=at, end=at + 1, skip=at) for at in (1.0, 3.0))
    (anna,) = cast_of([SpeakerRow(speaker="anna", face="left"), *turns])
    assert anna.lines[0] == Line(file=None, start=1.0, end=2.0, skip=1.0)  # of the job's own sound


def test_who_is_left_alone_when() -> None:
    leave = SpeakerRow(face="*", audio="leave", start=4.0, end=5.0)
    anna, ben = cast_of(
        [
            SpeakerRow(speaker="anna", face="left", audio="a.wav"),
            leave,
            SpeakerRow(speaker="ben", face="right", audio="b.wav"),
            SpeakerRow(speaker="ben", start=7.0, audio="leave"),
            SpeakerRow(speaker="cid", face="3", audio="leave"),  # who says nothing is left alone anyway
        ]
    )
    assert anna.left == ((4.0, 5.0),)
    assert ben.left == ((4.0, 5.0), (7.0, None))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"speaker": "anna", "audio": "a.wav"}], "anna has no face"),
        (
            [{"speaker": "a", "face": "left"}, {"speaker": "a", "face": "right"}],
            "a has the faces left and right",
        ),
        ([{"face": "left", "audio": "a.wav"}, {"face": "left", "audio": "b.wav"}], "two rows without times"),
        ([{"face": "left", "start": 1, "end": 3}, {"face": "left", "start": 2}], "two things at once"),
        ([{"face": "*", "audio": "a.wav"}], r"face \* can only be left"),
        ([{"face": "left", "audio": "leave"}], "nobody in the map says anything"),
    ],
)
def test_what_cannot_be(rows: list[dict], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        cast_of([SpeakerRow(**row) for row in rows])


def test_faces_by_place_and_by_picture() -> None:
    assert parse_who("640:200.5") == Who(kind="point", place=(640, 200.5))
    assert parse_who("1:2:3:4") == Who(kind="box", place=(1, 2, 3, 4))
    assert parse_who("people/3.png") == Who(kind="reference", picture="people/3.png")
    assert cast_of([]) == ()
