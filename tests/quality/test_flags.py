"""What is broken is flagged, where it is broken, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.quality.figures import Seen, sum_up
from lipsync_ray.quality.flags import Flag, find_flags
from lipsync_ray.quality.review import make_review
from lipsync_ray.quality.settings import QualitySettings
from tests.quality.made import make_seen, with_looks


def flags_of(seen: Seen, **limits: float) -> list[Flag]:
    return find_flags(seen, sum_up(seen, {}), QualitySettings(**limits))


def frozen(seen: Seen) -> Seen:
    mouth = seen.looks.mouth.copy()
    mouth[100:150, 0] = 0.08
    return with_looks(seen, mouth=mouth)


def astray(seen: Seen) -> Seen:
    mouth = seen.looks.mouth.copy()
    mouth[100:175, 0] = mouth[100:175, 0][::-1]
    return with_looks(seen, mouth=mouth)


def blurred(seen: Seen) -> Seen:
    detail = seen.looks.detail.copy()
    detail[100:150, 0] *= 0.6
    return with_looks(seen, detail=detail)


def seamed(seen: Seen) -> Seen:
    light = seen.looks.light.copy()
    light[100:] += 4.0
    return with_looks(seen, light=light)


@pytest.mark.parametrize(
    ("spoil", "kind", "start", "stop"),
    [
        (frozen, "frozen", 100, 150),
        (astray, "sync", 100, 175),
        (blurred, "soft", 100, 150),
        (seamed, "seam", 99, 101),
    ],
)
def test_a_fault_is_flagged_where_it_is(
    spoil: Callable[[Seen], Seen], kind: str, start: int, stop: int
) -> None:
    found = flags_of(spoil(make_seen(500)))
    assert {flag.kind for flag in found} == {kind}
    assert min(flag.start for flag in found) == pytest.approx(start, abs=20)
    assert max(flag.stop for flag in found) == pytest.approx(stop, abs=20)


def test_a_good_dub_has_no_flag() -> None:
    assert flags_of(make_seen(500)) == []
    assert flags_of(make_seen(500, talk=slice(100, 300))) == []


@pytest.mark.parametrize("late", [0.2, -0.2])
def test_a_late_mouth_is_all_that_is_flagged(late: float) -> None:
    (flag,) = flags_of(make_seen(500, late=late))
    assert (flag.kind, flag.start, flag.stop) == ("offset", 0, 500)
    assert flag.value == pytest.approx(1000 * late, abs=10)
    assert f"{flag.value:+.0f} ms" in flag.text


def test_an_offset_that_the_source_has_itself_is_no_fault() -> None:
    seen = make_seen(500, late=0.1)
    assert [flag.kind for flag in flags_of(seen)] == ["offset"]
    own = with_own_offset(seen, 100.0)
    assert flags_of(own) == []
    assert sum_up(own, {}).offset_change_ms == pytest.approx(0, abs=10)


def with_own_offset(seen: Seen, offset: float) -> Seen:
    return replace(seen, aim=replace(seen.aim, own_offset_ms=offset))


def test_a_mouth_that_moves_in_silence_is_restless() -> None:
    seen = make_seen(500, talk=slice(0, 250))
    mouth = seen.looks.mouth.copy()
    mouth[300:400, 0] += 0.03 * (np.arange(100) % 2)
    (flag,) = flags_of(with_looks(seen, mouth=mouth))
    assert flag.kind == "restless"
    assert 290 <= flag.start
    assert flag.stop <= 410


def test_figures_of_the_whole_are_held_to_their_limits() -> None:
    seen = make_seen(500)
    jerk, outside = seen.looks.jerk.copy(), seen.looks.outside * 100
    jerk[:, 0] *= 2
    assert [flag.kind for flag in flags_of(with_looks(seen, jerk=jerk))] == ["jitter"]
    assert [flag.kind for flag in flags_of(with_looks(seen, outside=outside))] == ["outside"]
    assert flags_of(with_looks(seen, jerk=jerk), max_jitter=2.5) == []


def test_the_mouth_of_a_picture_may_move() -> None:
    seen = make_seen(500)
    jerk = np.stack([np.full(500, 0.4), np.zeros(500)], axis=1).astype(np.float32)
    assert flags_of(with_looks(seen, jerk=jerk)) == []


def test_a_seam_counts_at_borders_only() -> None:
    seen = make_seen(500)
    light = seen.looks.light.copy()
    light[130:] += 4.0  # no border: the mouth itself may have changed
    assert flags_of(with_looks(seen, light=light)) == []


def test_the_worse_dub_is_of_more_concern() -> None:
    settings = QualitySettings()
    good = make_review([make_seen(500)], {}, settings)
    late = make_review([make_seen(500, late=0.2)], {}, settings)
    later = make_review([make_seen(500, late=0.4)], {}, settings)
    briefly = make_review([blurred(make_seen(500))], {}, settings)
    assert good.concern == 0
    assert later.concern > late.concern > briefly.concern > 0
    early = make_review([make_seen(500, late=-0.2)], {}, settings)
    assert early.concern == pytest.approx(late.concern, rel=0.1)


def test_a_dub_that_stands_still_throughout_is_flagged_in_each_part() -> None:
    seen = make_seen(500)
    mouth = seen.looks.mouth.copy()
    mouth[:, 0] = 0.08
    review = make_review([with_looks(seen, mouth=mouth)], {}, QualitySettings())
    assert {flag.kind for flag in review.flags} >= {"frozen"}
    assert review.concern_of(100, 200) > 0


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"quality\.min_r=2 must lie between 0 and 1"):
        QualitySettings(min_r=2.0)
    with pytest.raises(ConfigError, match=r"quality\.retry_engine=wav2lip"):
        QualitySettings(retry=("engine",))
    with pytest.raises(ConfigError, match=r"quality\.max_jump=-1 must be 0 or more"):
        QualitySettings(max_jump=-1.0)
