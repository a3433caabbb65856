"""What is told of a job that runs."""

from __future__ import annotations

from functools import partial

import pytest

from lipsync_ray.errors import FaceNotFound, VideoUnreadable
from lipsync_ray.jobs.course import Account
from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve.orders import error_of, told_text
from lipsync_ray.serve.told import Told

JOB = ServedJob(
    id="abc",
    owner="me",
    kind="dub",
    video=InputFile(name="My video.mp4", place="video.mp4"),
    audio=InputFile(name="take 2.wav", place="audio.wav"),
    created=1.0,
)


def test_stages_frames_chunks_and_time_left() -> None:
    now = [0.0]
    told = Told(clock=lambda: now[0])
    told.follow(account := Account())
    told.expect(100.0)
    told.stage("faces", 40)
    now[0] = 10.0
    told.advance(10)
    plain = told.plain()
    assert (plain["stage"], plain["done"], plain["total"], plain["share"]) == ("scan", 10, 40, 0.25)
    assert (plain["chunks"], plain["seconds_left"]) == (None, 90.0)
    account.chunks = 4
    told.stage("render", 40)
    told.advance(10)  # of an earlier start
    for number in (1, 2, 3):
        told.asked(f"chunk-{number:05d}")
    told.event("started", "chunk-00002")
    told.event("started", "chunk-00001")
    told.event("done", "chunk-00002")
    told.advance(10)
    now[0] = 16.0
    plain = told.plain()
    assert plain["chunks"] == {"total": 4, "done": [0, 2], "running": [1]}
    assert plain["seconds_left"] == 12.0
    assert not told.changed
    told.event("requeued", "chunk-00001")
    assert told.changed
    assert told.plain()["chunks"]["running"] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (VideoUnreadable("/srv/data/jobs/abc/video.mp4 is empty"), "My video.mp4 is empty"),
        (FaceNotFound("no face in video.mp4 (checked 5)"), "no face in My video.mp4 (checked 5)"),
        (FaceNotFound("'/srv/data/jobs/abc/audio.wav': 2/3\n of it"), "'take 2.wav': 2/3 of it"),
        (OSError(28, "No space", "/srv/data/cache/x.nut"), "OSError: [Errno 28] No space: 'x.nut'"),
        (FaceNotFound("see https://host/a/b and s3://in/a.mp4"), "see https://host/a/b and s3://in/a.mp4"),
    ],
)
def test_errors_name_files_as_their_owner_does_and_no_folder(error: Exception, said: str) -> None:
    assert error_of(error, JOB) == (getattr(error, "code", "INTERNAL"), said)


def test_a_note_names_no_folder_of_the_server() -> None:
    told = Told(clean=partial(told_text, job=JOB))
    told.note(
        "chunk 3 keeps its source frames: /srv/data/cache/jobs/ab/00003.nut is gone, /srv/data/video.mp4"
    )
    assert told.plain()["note"] == "chunk 3 keeps its source frames: 00003.nut is gone, My video.mp4"
