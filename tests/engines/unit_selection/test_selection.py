from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lipsync_ray.engines.unit_selection.costs import Candidates, Views, local_costs, squared_distances
from lipsync_ray.engines.unit_selection.joins import (
    crossfade,
    hard_joins,
    predecessors,
    successors,
    thumb_points,
    transition_costs,
)
from lipsync_ray.engines.unit_selection.person import build_person
from lipsync_ray.engines.unit_selection.pool import candidates, fit_frames, laughs, thin_out, views_of
from lipsync_ray.engines.unit_selection.selection import select
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from tests.engines.unit_selection.talker import measured, speechlike, talk

DEFAULTS = UnitSelectionSettings()
NONE = np.zeros(0, np.int64)


def views(n: int, **given) -> Views:
    plain = {"yaw": 0.0, "pitch": 0.0, "scale": 100.0, "shot": 0, "sharp": 3.0}
    made = {k: np.broadcast_to(given.get(k, v), n).copy() for k, v in plain.items()}
    return Views(**made)


def units(descriptor: np.ndarray, **given) -> Candidates:
    n = len(descriptor)
    seen = given.pop("views", views(n))
    shots = int(seen.shot.max()) + 1
    plain = {
        "source": np.arange(n),
        "verified": np.zeros(n, bool),
        "contradicted": np.zeros(n, bool),
        "visible": np.full(n, np.inf, np.float32),
        "foreign": (1 - np.eye(shots)).astype(np.float32),
    }
    return Candidates(descriptor=descriptor, views=seen, **{**plain, **given})


def mouths(n: int, seed: int = 1) -> np.ndarray:
    aperture, width = speechlike(n, seed)
    return talk(aperture, width).descriptors


def pictures(descriptor: np.ndarray) -> np.ndarray:
    """Thumbnails that darken as the mouth opens."""
    shade = 200 - 600 * descriptor[:, 0, None, None, None]
    return np.clip(shade + np.arange(20)[:, None, None], 0, 255).repeat(32, 2).repeat(3, 3).astype(np.uint8)


def pick(target: np.ndarray, bank: Candidates, always=NONE, **given):
    n = len(target)
    shown, breaks = given.pop("shown", np.ones(n, bool)), given.pop("breaks", np.zeros(n, bool))
    seen, thumbs = given.pop("views", views(n)), pictures(bank.descriptor)
    return select(target, seen, shown, breaks, bank, thumbs, always, UnitSelectionSettings(**given))


def test_a_stretch_of_the_source_comes_back_whole():
    own = mouths(200)
    found = pick(own[40:140], units(own))
    assert (found.unit == np.arange(40, 140)).mean() > 0.95  # where two frames are alike it may slip by one
    assert np.abs(found.unit - np.arange(40, 140)).max() <= 2
    assert found.joins == 0
    assert (found.second == -1).all()


def test_contiguous_runs_are_preferred():
    own, other = mouths(200), mouths(120, seed=9)
    dear, free = pick(other, units(own)), pick(other, units(own), join_cost=0.0)
    assert dear.joins < free.joins
    assert dear.joins < 0.3 * len(other)


def test_closed_targets_get_closed_units():
    own, target = mouths(200), mouths(100, seed=4)
    found = pick(target, units(own))
    closed = target[:, 0] < 0.01
    assert closed.sum() > 5
    assert (own[found.unit[closed], 0] < 0.02).all()


def test_a_unit_whose_picture_is_open_is_not_shown_closed():
    own = mouths(200)
    closed = np.flatnonzero(own[:, 0] < 0.01)
    lying = np.zeros(200, bool)
    lying[closed[::2]] = True
    honest = np.setdiff1d(closed, closed[::2])
    verified = np.isin(np.arange(200), honest)
    target = np.repeat(own[honest[:1]], 20, axis=0)
    target[:, 0] = 0
    found = pick(target, units(own, contradicted=lying, verified=verified), always=honest[:3])
    assert not lying[found.unit].any()


def test_lips_that_show_something_between_them_are_a_dear_closure():
    own = np.repeat(mouths(200)[:1], 2, axis=0)
    own[:, 0] = 0.005
    target = own[:1].copy()
    target[:, 0] = 0
    bank = units(own, visible=np.array([0.0, 0.018], np.float32))
    tight, showing = local_costs(target, views(1), bank)[0]
    assert showing > tight + 1


def test_pictures_with_and_without_teeth_are_not_mixed():
    own = mouths(100)
    own[:, 0] = 0.06
    path, starts = np.array([10, 11, 60, 61], np.int32), np.zeros(4, bool)
    for apart, mixed in ((0.0, True), (0.04, False)):
        visible = np.where(np.arange(100) < 50, 0.06, 0.06 - apart).astype(np.float32)
        bank = units(own, visible=visible)
        second, _ = crossfade(path, bank, hard_joins(path, bank, starts), own[path])
        assert (second >= 0).any() == mixed


def test_a_mouth_wide_open_in_a_pause_is_no_unit():
    aperture = speechlike(200)[0]
    aperture[150:] = 0.3
    found, heard = measured(talk(aperture)), (np.arange(200) < 150).astype(np.float32)
    person = build_person(found, np.arange(200) / 25, DEFAULTS, heard)
    fit = fit_frames(found, person, 25.0, heard)
    assert fit[:150].all()
    assert not fit[150:].any()


def test_a_smeared_picture_is_not_shown_as_an_open_mouth():
    own = mouths(200)
    open_ones = np.flatnonzero((own[:, 0] > 0.05) & (own[:, 0] < 0.08))
    visible = np.minimum(own[:, 0], 0.06).astype(np.float32)
    target = np.repeat(own[open_ones[:1]], 10, axis=0)
    plain = pick(target, units(own, visible=visible)).unit[5]
    visible[plain] = 0.0
    found = pick(target, units(own, visible=visible))
    assert plain not in found.unit
    assert np.abs(own[found.unit, 0] - target[:, 0]).max() < 0.03


def test_closed_targets_ask_nothing_of_what_is_visible():
    own = mouths(200)
    target = np.repeat(own[own[:, 0] < 0.01][:1], 10, axis=0)
    seen, hidden = (units(own, visible=np.full(200, v, np.float32)) for v in (np.inf, 0.0))
    np.testing.assert_array_equal(pick(target, seen).unit, pick(target, hidden).unit)


def test_verified_units_stay_candidates_however_far_their_view():
    own = mouths(300)
    far = int(np.argmin(own[:, 0]))
    yaw = np.zeros(300)
    yaw[far] = 15.0
    bank = units(own + np.array([0.05, 0, 0, 0, 0, 0]), views=views(300, yaw=yaw))
    bank.descriptor[far, 0] = 0.0
    target = bank.descriptor[[far] * 8] - np.array([0.0, 0.05, 0, 0, 0, 0])
    with_it = pick(target, bank, always=np.array([far]), candidates=5)
    assert (with_it.unit == far).all()


def test_no_picture_stands_still_while_the_mouth_moves():
    rng = np.random.default_rng(0)
    own = mouths(6)
    target = own[rng.integers(0, 6, 300)] + rng.normal(size=(300, 6)) * 0.004
    target[:, 0] += 0.03 * np.sin(np.arange(300))
    found = pick(target, units(own, source=np.arange(6) * 50), max_holds=4)
    longest = max(len(run) for run in np.split(found.unit, np.flatnonzero(np.diff(found.unit)) + 1))
    assert longest <= 5


def test_a_mouth_at_rest_may_stand_still():
    own = mouths(60)
    bank = units(own, source=np.arange(60) * 50)  # no unit goes on to another
    found = pick(np.repeat(own[10:11], 50, axis=0), bank)
    assert (found.unit == 10).all()


def test_sequences_are_independent():
    own, target = mouths(200), mouths(120, seed=4)
    breaks = np.zeros(120, bool)
    breaks[50] = True
    whole = pick(target, units(own), breaks=breaks)
    parts = [pick(part, units(own)).unit for part in (target[:50], target[50:])]
    assert np.array_equal(whole.unit, np.concatenate(parts))


def test_frames_that_pass_through_get_no_unit():
    target, shown = mouths(60, seed=3), np.ones(60, bool)
    shown[20:30] = False
    found = pick(target, units(mouths(100)), shown=shown)
    assert (found.unit[20:30] == -1).all()
    assert (found.unit[shown] >= 0).all()
    assert (found.second[20:30] == -1).all()


def test_the_same_question_has_the_same_answer():
    target, own = mouths(150, seed=5), mouths(150)
    first, again = pick(target, units(own)), pick(target, units(own))
    for name in ("unit", "second", "mix"):
        assert np.array_equal(getattr(first, name), getattr(again, name))


def test_cheap_steps_and_dear_joins():
    own = mouths(12)
    source = np.array([0, 1, 2, 3, 4, 5, 20, 21, 22, 23, 24, 25])
    bank = units(own, source=source)
    cost = transition_costs(bank, thumb_points(pictures(own)), 1.5)
    assert cost[2, 3] == 0
    assert cost[2, 2] == pytest.approx(0.08)
    assert cost[2, 4] == pytest.approx(0.15)
    assert cost[3, 2] == pytest.approx(0.30)
    assert (cost[2, 6:] >= 1.5).all()
    assert successors(bank)[[4, 5, 11]].tolist() == [5, 5, 11]
    assert predecessors(bank)[[6, 7]].tolist() == [6, 6]


def test_nothing_goes_on_across_shots():
    own = mouths(10)
    bank = units(own, views=views(10, shot=np.repeat([0, 1], 5)))
    assert transition_costs(bank, thumb_points(pictures(own)), 1.5)[4, 5] >= 1.5
    assert hard_joins(np.array([4, 5]), bank, np.zeros(2, bool)).tolist() == [False, True]


def test_thumb_points_measure_pictures():
    rng = np.random.default_rng(0)
    thumbs = (rng.normal(size=(90, 6)) @ rng.normal(size=(6, 1920)) * 8 + 128).clip(0, 255)
    thumbs = thumbs.reshape(90, 20, 32, 3).astype(np.uint8)
    near = squared_distances(thumb_points(thumbs), thumb_points(thumbs))
    flat = thumbs.reshape(90, -1) / 255.0
    true = ((flat[:, None] - flat[None]) ** 2).mean(axis=2)
    assert np.allclose(near, true, atol=0.05 * true.max())


def test_joins_are_softened_on_both_sides():
    own = mouths(40)
    own[:, 0] = 0.08
    path, target = np.array([3, 4, 5, 30, 31, 32], np.int32), own[:6]
    bank = units(own)
    joins = hard_joins(path, bank, np.zeros(6, bool))
    second, mix = crossfade(path, bank, joins, target)
    assert joins.tolist() == [False, False, False, True, False, False]
    assert second.tolist() == [-1, -1, 29, 6, -1, -1]
    assert np.allclose(mix, [0, 0, 0.33, 0.33, 0, 0])


def test_teeth_are_not_mixed_with_lips():
    own = mouths(40)
    own[:, 0] = np.where(np.arange(40) < 20, 0.08, 0.0)
    path = np.array([3, 4, 5, 30, 31, 32], np.int32)
    bank, target = units(own), np.full((6, 6), 0.08)
    joins = hard_joins(path, bank, np.zeros(6, bool))
    assert (crossfade(path, bank, joins, target)[0] == -1).all()
    own[:, 0] = 0.0
    assert (crossfade(path, units(own), joins, np.zeros((6, 6)))[0] == -1).all()


def test_pose_and_shot_count():
    own = mouths(3)[[0, 0, 0]]
    bank = units(own, views=views(3, yaw=[0.0, 20.0, 0.0], shot=[0, 0, 1]))
    cost = local_costs(own[:1], views(1), bank)[0]
    assert cost[0] == pytest.approx(0, abs=1e-3)
    assert cost[1] == pytest.approx(4, abs=1e-2)
    assert cost[2] == pytest.approx(1, abs=1e-3)


def test_a_laugh_lends_no_mouth():
    aperture, width = speechlike(500)
    aperture[200:230], width[200:230] = 0.22, 0.09
    found = measured(talk(aperture, width))
    person = build_person(found, np.arange(500) / 25, DEFAULTS)
    rejected = laughs(found, person)
    assert rejected[203:227].all()
    assert rejected.mean() < 0.1
    assert not fit_frames(found, person, 25.0)[210]


def test_a_face_always_turned_away_still_has_units():
    found = measured(talk(*speechlike(60)))
    person = build_person(found, np.arange(60) / 25, DEFAULTS)
    assert fit_frames(found, person, 0.001).sum() > 50


def test_a_long_video_is_thinned_out_in_whole_stretches():
    n = 3000
    found = measured(talk(*speechlike(n)))
    person = build_person(found, np.arange(n) / 25, DEFAULTS)
    seen = views_of(found, np.zeros(n, np.int32), np.full(n, 3.0))
    everything = candidates(found, seen, np.ones(n, bool))
    target = mouths(400, seed=7)
    kept = thin_out(everything, target, seen.take(np.arange(400)), 500, person)
    assert 400 < len(kept) <= 500
    pieces = np.split(kept.source, np.flatnonzero(np.diff(kept.source) != 1) + 1)
    assert min(len(piece) for piece in pieces) >= 40
    seen = seen.take(np.arange(400))
    every_nth = everything.take(np.arange(0, n, 6))
    served = [local_costs(target, seen, pool).min(axis=1).mean() for pool in (kept, every_nth)]
    assert served[0] < 1.5 * served[1]


def test_working_costs_out_takes_little_beside_them():
    target, bank = mouths(400), units(mouths(4000, seed=2))
    local_costs(target[:9], views(9), bank)
    tracemalloc.start()
    cost = local_costs(target, views(400), bank)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.2 * cost.nbytes
    few = np.concatenate(
        [local_costs(target[k : k + 7], views(len(target[k : k + 7])), bank) for k in range(0, 400, 7)]
    )
    np.testing.assert_allclose(cost, few, rtol=1e-4, atol=1e-4)
