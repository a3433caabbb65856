from __future__ import annotations

import logging
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.errors import ConfigError, PlanError
from lipsync_ray.media.timeline import MODES, SyncSettings, Timeline, build_timeline
from tests.media.output_clips import table_of

VFR = (507, 1019, 2043, 2555, 3579, 4091)  # 15360 Hz: 33 ms late, steps of 1/30 and 2/30 s
BASE = Fraction(1, 15360)
VFR_TABLE = {"time_base": BASE, "last": 512}


def lengths(video: Fraction, sound: Fraction) -> dict[str, Fraction]:
    return {
        "silence": video,
        "cut_off": min(video, sound),
        "loop": sound,
        "bounce": sound,
        "remap": sound,
    }


@st.composite
def tables(draw: st.DrawFn):
    base = draw(
        st.sampled_from([Fraction(1, 15360), Fraction(1, 1000), Fraction(1, 90000), Fraction(1001, 30000)])
    )
    usual = max(1, round(Fraction(1, 25) / base))
    steps = draw(st.lists(st.sampled_from([usual, 2 * usual, max(1, usual // 2)]), max_size=40))
    first = draw(st.integers(0, 3 * usual))
    shift = draw(st.integers(-5, 5)) * usual
    pts = np.cumsum([shift + first, *steps])
    return table_of(pts, time_base=base, last=usual, origin=shift * base)


@settings(max_examples=150, deadline=None)
@given(
    table=tables(),
    sound=st.fractions(Fraction(1, 4), 12, max_denominator=48000),
    mode=st.sampled_from(MODES),
    fps=st.sampled_from([None, "25", "30000/1001", "60"]),
)
def test_every_policy_keeps_its_promise(table, sound, mode, fps):
    fps_mode = "source" if fps is None else "cfr"
    timeline = build_timeline(table, sound, SyncSettings(mode=mode, fps_mode=fps_mode, fps=fps))
    assert np.all(np.diff(timeline.pts) > 0)
    assert timeline.pts[0] >= 0
    assert np.all((timeline.source >= 0) & (timeline.source < len(table)))
    video = (table.end_pts - round(table.origin / table.video.time_base)) * table.video.time_base
    first = timeline.times()[0]
    frame = max(Fraction(1, 25), 1 / Fraction(fps) if fps else 0, table.video.time_base)
    promised = lengths(video, sound)[mode]
    # A sound that ends before the first picture cannot be met: one frame is shown all the same.
    if promised > first:
        assert abs(timeline.duration - promised) <= frame
    assert abs(timeline.audio_end - promised) <= frame


@settings(max_examples=150, deadline=None)
@given(table=tables())
def test_no_frame_of_an_irregular_video_is_lost_or_moved(table):
    timeline = build_timeline(table, Fraction(1), SyncSettings())
    assert timeline.source.tolist() == list(range(len(table)))
    assert np.ptp(timeline.pts - table.pts) == 0


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from(["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "120"])
    | st.builds(lambda number: f"{number}/1000", st.integers(5000, 120_000)),
    base=st.sampled_from([Fraction(1, 1000), Fraction(1, 15360), Fraction(1, 90_000)]),
    count=st.integers(1, 20_000),
    late=st.integers(0, 300),
)
def test_no_rate_drifts(rate, base, count, late):
    exact = [late * base + number / Fraction(rate) for number in range(count + 1)]
    pts = [round(time / base) for time in exact]  # as containers do
    table = table_of(pts[:-1], time_base=base, last=pts[-1] - pts[-2], rate=Fraction(rate))
    timeline = build_timeline(table, exact[-1], SyncSettings(fps_mode="cfr", fps=rate))
    assert timeline.source.tolist() == list(range(count))
    half = 1 / Fraction(rate) / 2
    assert np.abs(timeline.times() - [float(time) for time in exact[:-1]]).max() < half
    assert abs(timeline.duration - exact[-1]) < half


@settings(max_examples=150, deadline=None)
@given(table=tables(), fps=st.fractions(5, 120, max_denominator=1001))
def test_a_constant_rate_ends_with_its_sound(table, fps):
    timeline = build_timeline(table, Fraction(1), SyncSettings(fps_mode="cfr", fps=str(fps)))
    if len(timeline) > 1:
        assert abs(timeline.duration - timeline.audio_end) <= 1 / (2 * fps) + timeline.time_base
    late = Fraction(1, 4) / fps
    shown = timeline.times() + float(late) + 1e-9
    begun = (
        np.searchsorted(build_timeline(table, Fraction(1), SyncSettings()).times(), shown, side="right") - 1
    )
    assert np.array_equal(timeline.source, begun)


@settings(max_examples=150, deadline=None)
@given(table=tables(), sound=st.fractions(Fraction(1, 2), 12, max_denominator=48000))
def test_stretched_times_are_off_by_no_more_than_a_tick(table, sound):
    plain = build_timeline(table, sound, SyncSettings())
    timeline = build_timeline(table, sound, SyncSettings(mode="remap"))
    wanted = plain.times()[timeline.source] * float(sound / plain.duration)
    assert np.abs(timeline.times() - wanted).max() <= float(timeline.time_base)
    squeezed = np.diff(wanted).min(initial=1) < float(timeline.time_base)
    assert squeezed or len(timeline) == len(plain)


def test_vfr_keeps_its_own_times_and_its_late_start():
    timeline = build_timeline(table_of(VFR, **VFR_TABLE), Fraction(1, 3), SyncSettings())
    assert timeline.time_base == BASE
    assert timeline.pts.tolist() == list(VFR)
    assert timeline.source.tolist() == list(range(6))
    assert timeline.end == VFR[-1] + 512


def test_times_count_from_the_container_start():
    shifted = [p + 126_000 for p in (0, 3600, 7200)]
    table = table_of(shifted, time_base=Fraction(1, 90_000), last=3600, origin=Fraction(126_000, 90_000))
    assert build_timeline(table, Fraction(1), SyncSettings()).pts.tolist() == [0, 3600, 7200]


def test_bounce_shows_the_turning_frame_once():
    table = table_of([0, 512, 1024, 1536])
    timeline = build_timeline(table, Fraction(12 * 512, 12800), SyncSettings(mode="bounce"))
    assert timeline.source.tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1]
    assert not timeline.breaks()[1:].any()


def test_loop_breaks_where_it_starts_again():
    table = table_of([0, 512, 1024, 1536])
    timeline = build_timeline(table, Fraction(7 * 512, 12800), SyncSettings(mode="loop"))
    assert timeline.source.tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert np.flatnonzero(timeline.breaks()).tolist() == [0, 4]


def test_showing_every_third_frame_is_no_break():
    table = table_of([512 * number for number in range(30)])
    settings = SyncSettings(fps_mode="cfr", fps="25/3")
    timeline = build_timeline(table, Fraction(30 * 512, 12800), settings)
    assert np.diff(timeline.source).tolist() == [3] * 9
    assert np.flatnonzero(timeline.breaks()).tolist() == [0]


def test_loop_keeps_irregular_steps():
    table = table_of(VFR, **VFR_TABLE)
    timeline = build_timeline(table, Fraction(1), SyncSettings(mode="loop"))
    once = np.diff([*VFR, VFR[-1] + 512])
    assert timeline.durations()[:12].tolist() == [*once, *once]


def test_cut_off_ends_with_the_sound():
    timeline = build_timeline(
        table_of([0, 512, 1024, 1536]), Fraction(1100, 12800), SyncSettings(mode="cut_off")
    )
    assert timeline.source.tolist() == [0, 1, 2]
    assert timeline.end == 1100


def test_remap_stretches_all_times_alike():
    table = table_of(VFR, **VFR_TABLE)
    video = (VFR[-1] + 512) * BASE
    timeline = build_timeline(table, 2 * video, SyncSettings(mode="remap"))
    assert timeline.stretch == 2
    assert timeline.times() == pytest.approx(2 * np.array(VFR) / 15360, abs=1e-5)
    assert float(timeline.duration) == pytest.approx(float(2 * video), abs=1e-5)


def test_remap_drops_frames_that_would_share_a_tick():
    table = table_of(range(2000), time_base=Fraction(1, 1000), last=1)
    timeline = build_timeline(table, Fraction(1, 100), SyncSettings(mode="remap"))
    assert np.all(np.diff(timeline.pts) > 0)


def test_cfr_shows_each_frame_once_although_times_are_rounded():
    times = [round(1000 * k * 1001 / 30000) for k in range(300)]  # 29.97 fps in milliseconds, as in MKV
    table = table_of(times, time_base=Fraction(1, 1000), last=33)
    timeline = build_timeline(table, Fraction(10), SyncSettings(fps_mode="cfr", fps="30000/1001"))
    assert timeline.source.tolist() == list(range(300))
    assert set(np.diff(timeline.pts).tolist()) == {1001}
    assert timeline.time_base == Fraction(1, 30000)


def test_cfr_repeats_and_drops_where_rates_differ():
    table = table_of([512 * k for k in range(50)])
    double = build_timeline(table, Fraction(2), SyncSettings(fps_mode="cfr", fps="50"))
    assert double.source.tolist() == [k // 2 for k in range(100)]
    half = build_timeline(table, Fraction(2), SyncSettings(fps_mode="cfr", fps="25/2"))
    assert half.source.tolist() == list(range(0, 50, 2))


def test_a_still_lasts_as_long_as_the_sound():
    table = table_of([0], still=True, last=3600, time_base=Fraction(1, 90_000))
    for mode in MODES:
        timeline = build_timeline(table, Fraction("2.01"), SyncSettings(mode=mode))
        assert len(timeline) == 51
        assert set(np.diff(timeline.pts) * timeline.time_base) == {Fraction(1, 25)}
        assert not timeline.source.any()
        assert not timeline.breaks()[1:].any()
    ntsc = build_timeline(table, Fraction(2), SyncSettings(fps="30000/1001"))
    assert set(np.diff(ntsc.pts) * ntsc.time_base) == {Fraction(1001, 30000)}


def test_a_delay_moves_the_sound():
    table = table_of([512 * k for k in range(50)])
    late = build_timeline(table, Fraction(2), SyncSettings(mode="loop", delay_ms=120))
    assert (late.audio_start, late.audio_end) == (Fraction(3, 25), Fraction(53, 25))
    with pytest.raises(ConfigError, match="removes all"):
        build_timeline(table, Fraction(1), SyncSettings(delay_ms=-1000))


@pytest.mark.parametrize(("sound", "told"), [(2.4, False), (2.6, True), (1.4, True), (1.6, False)])
def test_a_mismatch_of_half_a_second_is_told(caplog, sound, told):
    with caplog.at_level(logging.WARNING):
        build_timeline(table_of([512 * k for k in range(50)]), Fraction(str(sound)), SyncSettings())
    assert bool(caplog.records) == told


@pytest.mark.parametrize(
    ("delay", "says"),
    [
        (0, "the dub (3.00 s) is longer than the video (2.00 s): its last 1.00 s are cut;"),
        (500, "the dub (3.50 s with sync.delay_ms=500) is longer than the video (2.00 s): its last 1.50 s"),
        (2000, "the dub (5.00 s with sync.delay_ms=2000) is longer than the video (2.00 s): nothing of"),
    ],
)
def test_a_mismatch_names_the_delay(caplog, delay, says):
    settings = SyncSettings(delay_ms=delay)
    build_timeline(table_of([512 * k for k in range(50)]), Fraction(3), settings)
    assert caplog.messages[0].startswith(says)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "freeze"},
        {"fps_mode": "vfr"},
        {"fps": "0"},
        {"fps": "abc"},
        {"fps": "30/0"},
        {"offset": 501.0},
        {"offset": float("nan")},
    ],
)
def test_wrong_options_are_named(options):
    with pytest.raises(ConfigError, match=r"sync\."):
        SyncSettings(**options)


def test_a_timeline_cannot_go_backwards():
    with pytest.raises(PlanError):
        Timeline(
            time_base=BASE,
            pts=np.array([0, 5, 5]),
            source=np.arange(3),
            end=9,
            audio_start=Fraction(0),
            audio_end=Fraction(1),
            nominal_rate=Fraction(25),
        )
