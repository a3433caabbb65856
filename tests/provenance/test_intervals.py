"""Stretches of edited frames, and reading what strangers wrote."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.provenance.facts import DubFacts, GivenFile, read_facts
from lipsync_ray.provenance.identity import load_identity
from lipsync_ray.provenance.intervals import Interval, intervals_of, read_intervals, runs, spoken, total
from lipsync_ray.provenance.manifest import HEARD, PARENT, definition
from lipsync_ray.provenance.packing import merged, packed, unpacked
from lipsync_ray.provenance.reading import read_credentials
from lipsync_ray.provenance.settings import ProvenanceSettings
from lipsync_ray.provenance.signing import Ingredient, seal
from lipsync_ray.provenance.wary import shown
from tests.provenance.conftest import Home

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
    for read in (read_intervals, unpacked, read_facts):
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
        edited_frames=6,
        edited=(stretch,),
        speakers={"anna": (stretch,)},
        passed_through={"none": 4},
        digest="d",
        files=(GivenFile(use="source", name="v.mp4", sha256="v"),),
        engines={"e": (stretch,)},
        outside="o",
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


def scattered(count: int) -> tuple[Interval, ...]:
    """Stretches of one frame, with gaps of one to nine frames."""
    gaps = np.random.default_rng(5).integers(1, 10, count)
    starts = np.cumsum(gaps + 1).tolist()
    return tuple(Interval(start=a, stop=a + 1, begin=a / 25, end=(a + 1) / 25) for a in starts)


@given(st.integers(1, 60), st.integers(1, 60))
def test_joined_stretches_hold_all_that_was_edited_and_gaps_no_wider_than_told(count: int, most: int) -> None:
    whole = scattered(count)
    found, widest = merged(whole, most)
    assert len(found) <= most
    inside = {number for one in found for number in range(one.start, one.stop)}
    assert inside >= {one.start for one in whole}
    assert all(after.start - before.stop > widest for before, after in pairwise(found))
    assert unpacked(packed(found)) == found
    if count <= most:
        assert (found, widest) == (whole, 0)


def facts_with(stretches: tuple[Interval, ...]) -> DubFacts:
    return DubFacts(
        version="1",
        code="c",
        engine="e",
        weights={},
        settings_sha256="s",
        frames=stretches[-1].stop,
        edited_frames=len(stretches),
        edited=stretches,
        speakers={"anna": stretches, "ben": stretches},
        digest="d",
        files=(),
        audio_sha256="a",
    )


def test_any_number_of_stretches_can_be_signed(home: Home, tmp_path: Path) -> None:
    identity = load_identity(ProvenanceSettings())
    for count, widest in ((400, 0), (6_000, 0), (50_000, 8)):
        out, facts = tmp_path / f"{count}.mp4", facts_with(scattered(count))
        used = [Ingredient(label=x, title=x, relationship=x, sha256="", path=None) for x in (PARENT, HEARD)]
        told = definition(facts, "a.mp4", "video/mp4", used)
        seal(home.folder / "talk.mp4", out, told, used, identity)
        found = read_credentials(out, "a.mp4", ())
        assert found is not None
        assert found.facts is not None
        assert found.facts.edited_frames == count
        assert found.facts.widest_gap == widest
        if not widest:
            assert found.facts.edited == found.facts.speakers["ben"] == facts.edited
