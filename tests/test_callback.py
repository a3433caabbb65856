"""Progress as objects that a function is called with."""

from __future__ import annotations

import pytest

from lipsync_ray.callback import CallbackProgress, ProgressUpdate


def test_every_change_is_told_with_its_stage_and_numbers() -> None:
    told: list[ProgressUpdate] = []
    shown = CallbackProgress(told.append)
    shown.stage("render", 4)
    shown.advance()
    shown.advance(3)
    shown.note("careful")
    shown.stage("stitch")
    assert [(one.stage, one.done, one.total, one.note) for one in told] == [
        ("render", 0, 4, ""),
        ("render", 1, 4, ""),
        ("render", 4, 4, ""),
        ("render", 4, 4, "careful"),
        ("stitch", 0, None, ""),
    ]
    assert [one.share for one in told] == [0.0, 0.25, 1.0, 1.0, None]


def test_parts_tell_their_own_numbers_under_their_name() -> None:
    told: list[ProgressUpdate] = []
    shown = CallbackProgress(told.append)
    shown.stage("dub", 2)
    part = shown.part("talk")
    part.stage("scan", 10)
    part.advance(5)
    shown.advance()
    assert [(one.job, one.stage, one.done) for one in told] == [
        ("", "dub", 0),
        ("talk", "scan", 0),
        ("talk", "scan", 5),
        ("", "dub", 1),
    ]


def test_a_callback_that_fails_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(update: ProgressUpdate) -> None:
        raise ZeroDivisionError("mine")

    shown = CallbackProgress(fail)
    shown.stage("scan", 2)
    shown.advance()
    assert caplog.records[0].getMessage().startswith("the progress callback failed at")
    assert "ZeroDivisionError: mine" in caplog.text


def test_a_callback_can_stop_the_work() -> None:
    def stop(update: ProgressUpdate) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CallbackProgress(stop).stage("scan")
