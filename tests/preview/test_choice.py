"""Which frames are shown: by time, by what tells most, evenly spread."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.preview.choice import frame_at, spread, telling_frame, telling_stretch
from lipsync_ray.preview.clip import stretch_of


def timeline(*ms: int, end: int) -> Timeline:
    return Timeline(
        time_base=Fraction(1, 1000),
        pts=np.array(ms, np.int64),
        source=np.arange(len(ms)),
        end=end,
        audio_start=Fraction(0),
        audio_end=Fraction(end, 1000),
        nominal_rate=Fraction(25),
    )


@pytest.mark.parametrize(
    ("at", "number"),
    [(0, 0), (0.019, 0), (0.02, 0), (0.0533, 1), (0.0529, 1), (0.099, 1), (0.1, 2), (0.45, 2), (0.5, 2)],
)
def test_a_moment_is_the_frame_that_is_shown_then(at: float, number: int) -> None:
    assert frame_at(timeline(20, 53, 100, end=500), at) == number


def test_a_time_read_off_a_label_is_that_frame() -> None:
    thirds = Timeline(
        time_base=Fraction(1, 30),
        pts=np.arange(300),
        source=np.arange(300),
        end=300,
        audio_start=Fraction(0),
        audio_end=Fraction(10),
        nominal_rate=Fraction(30),
    )
    assert [frame_at(thirds, round(t, 3)) for t in thirds.times()] == list(range(300))


def test_a_moment_after_the_end_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(ConfigError, match=r"preview\.at=12\.5 is after the end.* 0 to 0\.500 s"):
        frame_at(timeline(20, 53, 100, end=500), 12.5)


def test_the_loudest_dubbed_frame_tells_most() -> None:
    strength = np.array([1, 1, 1, 0.2, 0.0, 0.0])
    talk = np.array([0, 0.3, 0.5, 0.9, 1.0, 0.0])
    assert telling_frame(strength, talk) == 2  # not where the dub fades out, nor where nothing is dubbed


def test_without_talk_it_is_the_middle_of_what_is_dubbed() -> None:
    strength = np.array([1, 0, 0, 1, 1, 1, 0, 1.0])
    assert telling_frame(strength, np.zeros(8)) == 4
    assert telling_frame(np.zeros(8), np.ones(8)) == 4


def test_a_stretch_is_as_long_as_asked_and_where_most_is_said() -> None:
    even = timeline(*range(0, 4000, 40), end=4000)
    talk = np.zeros(100)
    talk[60:80] = 0.5
    start, stop = telling_stretch(even, np.ones(100), talk, 1.0)
    assert stop - start == 25
    assert start <= 60
    assert stop >= 80
    assert telling_stretch(even, np.ones(100), talk, 9.0) == (0, 100)
    dubbed = np.zeros(100)
    dubbed[10:30] = 1
    start, stop = telling_stretch(even, dubbed, talk, 1.0)  # nobody talks where it is dubbed
    assert start <= 10
    assert stop >= 30


def test_a_stretch_is_an_output_of_its_own() -> None:
    part = stretch_of(timeline(20, 53, 100, 140, end=500), 1, 3)
    assert part.pts.tolist() == [0, 47]
    assert part.source.tolist() == [1, 2]
    assert part.end == 87
    assert part.audio_start == Fraction(-53, 1000)
    assert part.audio_end == Fraction(87, 1000)
    last = stretch_of(timeline(20, 53, 100, 140, end=500), 3, 4)
    assert (last.end, last.audio_end) == (360, Fraction(360, 1000))


def test_moments_are_spread_over_what_is_dubbed() -> None:
    dubbed = np.zeros(100, bool)
    dubbed[:20] = dubbed[80:] = True
    assert spread(dubbed, 4).tolist() == [5, 15, 85, 95]
    assert spread(dubbed, 60).tolist() == np.flatnonzero(dubbed).tolist()
    with pytest.raises(FaceNotFound, match="no frame of the output is dubbed"):
        spread(np.zeros(5, bool), 4)
