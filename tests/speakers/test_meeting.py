"""The first map of the people of a video, and the verb that writes it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_ray.cli import main
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.still import write_still
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.speakers.guess import Turn
from lipsync_ray.speakers.mapfile import read_map, write_csv
from lipsync_ray.speakers.meeting import Meeting, Person
from lipsync_ray.speakers.settings import SpeakerRow
from tests.speakers.duet import make_duet


def person(name: str, *faces: int, talks: float = 0.0) -> Person:
    seen = {"first_s": 0.0, "last_s": 5.0, "seen_s": 4.0, "width_px": 80.0}
    return Person(name=name, faces=list(faces), talks_s=talks, shown=3, **seen)


def test_a_map_of_two_who_talk_and_one_who_does_not() -> None:
    people = [person("A", 0, 4, talks=2.0), person("B", 1, talks=1.0), person("C", 2)]
    turns = [
        Turn(person=0, start=0.05, end=1.0),
        Turn(person=1, start=1.0, end=2.0),
        Turn(person=0, start=3, end=4),
    ]
    rows = Meeting(people=people, turns=turns, unknown=[3]).rows()
    assert rows == [
        SpeakerRow(speaker="A", face="0+4"),
        SpeakerRow(speaker="A", start=0.0, end=1.1),
        SpeakerRow(speaker="A", start=2.9, end=4.1),
        SpeakerRow(speaker="B", face="1"),
        SpeakerRow(speaker="B", start=0.9, end=2.1),
        SpeakerRow(speaker="C", face="2", audio="leave"),
    ]
    cast = cast_of(read_map(write_csv(rows), "map.csv", str))
    assert [(who.name, len(who.lines)) for who in cast] == [("A", 2), ("B", 1)]


def test_one_who_talks_needs_no_times() -> None:
    people = [person("A", 0, talks=2.0), person("B", 1)]
    rows = Meeting(people=people, turns=[Turn(person=0, start=1, end=3)], unknown=[]).rows()
    assert rows == [SpeakerRow(speaker="A", face="0"), SpeakerRow(speaker="B", face="1", audio="leave")]


def test_where_nobody_is_heard_everybody_is_in_the_map() -> None:
    rows = Meeting(people=[person("A", 0), person("B", 1)], turns=[], unknown=[]).rows()
    assert rows == [SpeakerRow(speaker="A", face="0"), SpeakerRow(speaker="B", face="1")]


def test_faces_that_a_map_names_stay_as_they_are() -> None:
    given = [
        SpeakerRow(face="left", audio="a.wav"),
        SpeakerRow(speaker="ben", start=1.0),
        SpeakerRow(face="*", audio="leave", start=2.0),
    ]
    people = [person("left", 0), person("ben", 1)]
    rows = Meeting(people=people, turns=[], unknown=[]).rows(given)
    assert rows == [SpeakerRow(speaker="ben", face="1"), *given]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, media_dir: Path) -> Path:
    folder = tmp_path_factory.mktemp("meeting")
    clips = media_dir / "talk_vfr_700.mp4", media_dir / "talk_closeup_590.mp4"
    make_duet(folder / "two.mp4", clips, seconds=4.4, side=320, turn=2.0)
    return folder


def meet(home: Path, *words: str) -> int:
    return main(
        ["speakers", f"video={home / 'two.mp4'}", f"cache.dir={home / 'cache'}", "ray.cluster=none", *words]
    )


def test_two_people_are_told_apart_and_their_turns_found(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert meet(home, "--json", f"--write={home / 'map.csv'}", f"--sheet={home / 'people.jpg'}") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["faces"] for one in told["people"]] == [[0], [1]]
    first, second = sorted(told["turns"], key=lambda turn: turn["start"])
    left = next(one for one in told["people"] if one["name"] == first["person"])
    assert second["person"] != left["name"]
    assert first["end"] == pytest.approx(2.0, abs=0.4)
    assert second["start"] == pytest.approx(2.0, abs=0.4)
    assert left["width_px"] < 320 / 3  # the person on the left is shown smaller
    rows = read_map((home / "map.csv").read_text(), "map.csv", str)
    assert len(cast_of(rows)) == 2
    sheet = cv2.imread(str(home / "people.jpg"))
    assert sheet is not None
    assert sheet.shape[1] == 2 * 220
    assert np.ptp(sheet) > 200


def test_a_diarization_names_them(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (
        "SPEAKER two 1 0.0 2.0 <NA> <NA> ben <NA> <NA>",
        "SPEAKER two 1 2.0 2.4 <NA> <NA> anna <NA> <NA>",
    )
    (home / "two.rttm").write_text("\n".join(lines))
    assert meet(home, f"speakers.map={home / 'two.rttm'}", f"--write={home / 'named.csv'}") == 0
    assert capsys.readouterr().out.startswith("PERSON")
    rows = read_map((home / "named.csv").read_text(), "named.csv", str)
    faces = {row.speaker: row.face for row in rows if row.face}
    assert set(faces) == {"anna", "ben"}
    assert len(set(faces.values())) == 2
    assert [row.start for row in rows if row.speaker == "anna" and row.timed] == [2.0]
    (home / "again.csv").write_text(write_csv([row for row in rows if row.face]))
    assert (
        main(
            [
                "plan",
                f"video={home / 'two.mp4'}",
                f"audio={home / 'two.mp4'}",
                f"speakers.map={home / 'again.csv'}",
                f"cache.dir={home / 'cache'}",
                "ray.cluster=none",
            ]
        )
        == 0
    )
    assert "#0, #1" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["speakers", "plan"])
def test_an_input_is_not_written_over(home: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    video = home / "two.mp4"
    before = video.read_bytes()
    flag = {"speakers": "--write", "plan": "--strip"}[verb]
    words = [verb, f"video={video}", f"audio={video}", f"{flag}={video}", "ray.cluster=none"]
    assert main(words) == 1
    assert "is the video itself" in capsys.readouterr().err
    assert video.read_bytes() == before


def test_people_of_a_picture_which_is_silent(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = build_table(str(home / "two.mp4"))
    with open_reader(table) as reader:
        write_still(rgb_of(next(iter(reader.frames([0])))), tmp_path / "both.png")
    words = [f"cache.dir={home / 'cache'}", "ray.cluster=none", "--json"]
    assert main(["speakers", f"video={tmp_path / 'both.png'}", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["talks_s"] for one in told["people"]] == [0, 0]
