"""Stretches of edited frames, and reading what strangers wrote."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.provenance.facts import DubFacts, read_facts
from lipsync_ray.provenance.intervals import Interval, intervals_of, read_intervals, runs, spoken, total
from lipsync_ray.provenance.wary import shown

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@given(st.lists(st.booleans()))
def test_runs_are_the_edited_frames_merged(frames: list[bool]) -> None:
    edited = np.array(frames, bool)
    found = runs(edited)
    assert [number for start, stop in found for number in range(start, stop)] == np.flatnonzero(
        edited
    ).tolist()
    assert all(start < stop for start, stop in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))


@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 10)), min_size=1))
def test_stretches_last_as_long_as_their_frames_and_survive_json(frames: list[tuple[bool, float]]) -> None:
    edited = np.array([flag for flag, _ in frames])
    limits = np.concatenate(([0.0], np.cumsum([length for _, length in frames])))
    found = intervals_of(edited, limits[:-1], float(limits[-1]))
    assert total(found) == pytest.approx(np.diff(limits)[edited].sum(), abs=1e-5 * len(frames))
    assert read_intervals([one.to_plain() for one in found]) == found


@given(ANYTHING)
def test_what_strangers_wrote_is_read_or_refused_and_nothing_else(plain: object) -> None:
    for read in (read_intervals, read_facts):
        try:
            read(plain)
        except ValueError:
            continue


def test_facts_survive_json() -> None:
    stretch = Interval(start=3, stop=9, begin=0.12, end=0.36)
    facts = DubFacts(
        version="1",
        code="c",
        engine="e",
        weights={"w": "0" * 64},
        settings_sha256="s",
        frames=10,
        edited=(stretch,),
        speakers={"anna": (stretch,)},
        passed_through={"none": 4},
        digest="d",
        source_sha256="v",
        audio_sha256="a",
        consent="17",
    )
    assert read_facts(facts.to_plain()) == facts


def test_text_of_strangers_moves_no_cursor_and_fills_no_screen() -> None:
    assert shown("\x1b[2Jgone\r\nSigned by: you\u202e") == "[2Jgone Signed by: you"
    assert len(shown("x" * 10**6)) == 200


def test_many_stretches_are_told_in_one_line() -> None:
    many = tuple(Interval(start=2 * i, stop=2 * i + 1, begin=2.0 * i, end=2.0 * i + 1) for i in range(11))
    assert spoken(many).endswith("14.00-15.00 s and 3 more")
    assert spoken(()) == "nothing"
