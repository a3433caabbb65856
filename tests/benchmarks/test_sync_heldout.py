from __future__ import annotations

import heldout
import numpy as np
import pytest
from dubscores import Mouth, judge
from halves import cut_halves
from truth import samples_of

from lipsync_ray.engines.base import Preparation
from lipsync_ray.engines.unit_selection.engine import UnitSelection
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from tests.benchmarks import synced


@pytest.fixture(scope="module")
def cut(media_dir, tmp_path_factory):
    """The clip of variable frame rate, whose picture begins 33 ms after its sound, in halves."""
    table = build_table(media_dir / "talk_vfr_700.mp4")
    return table, cut_halves(table, tmp_path_factory.mktemp("halves"))


def test_halves_keep_every_frame_and_its_time(cut):
    table, halves = cut
    assert [*halves[0].frames, *halves[1].frames] == list(range(len(table)))
    for half in halves:
        part = build_table(half.video)
        assert part.origin == 0
        wanted = table.times()[list(half.frames)] - float(half.zero)
        np.testing.assert_allclose(part.times(), wanted, atol=1e-6)
    assert halves[0].zero == 0
    assert build_table(halves[1].video).times()[0] == 0
    assert abs(float(halves[1].zero) - float(table.duration) / 2) < 0.1


def test_halves_keep_the_sound_at_its_place(cut):
    table, halves = cut
    whole = samples_of(table.path)
    for half in halves:
        sound = samples_of(half.sound)
        begin = round(float(half.zero) * 16000)
        there = whole[begin : begin + len(sound)]  # it may end before the picture
        same = np.corrcoef(sound[200 : len(there) - 200], there[200:-200])[0, 1]
        assert same > 0.99 > np.corrcoef(sound[204 : len(there) - 196], there[200:-200])[0, 1]
        assert probe_audio(half.video).start == 0
        picture = float(build_table(half.video).duration)
        assert float(probe_audio(half.sound).duration) == pytest.approx(picture, abs=0.04)


def test_halves_lose_next_to_nothing_of_the_picture(cut):
    table, halves = cut
    box = Box(x0=0, y0=0, x1=table.video.width, y1=table.video.height)
    number = halves[1].frames[5]
    with open_reader(table) as before, open_reader(build_table(halves[1].video)) as after:
        one = crop_rgb(next(iter(before.frames([number]))), box).astype(float)
        other = crop_rgb(next(iter(after.frames([5]))), box).astype(float)
    assert np.abs(one - other).mean() < 1.5


def test_the_engine_is_overheard_and_left_as_it_was(monkeypatch):
    made, own = Preparation(frames={"target": np.zeros((2, 6))}), UnitSelection.prepare
    monkeypatch.setattr(UnitSelection, "prepare", lambda self, scene: made)
    patched = UnitSelection.prepare
    with heldout.overheard() as heard:
        assert UnitSelection().prepare("a scene") is made
    assert heard == [("a scene", made)]
    assert UnitSelection.prepare is patched is not own


def test_a_row_has_a_place_for_every_figure():
    truth = synced.truth()
    out = Mouth(times=truth.times, aperture=truth.aperture, width=truth.width)
    facts = {"truth": truth, "whole": truth, "flicker": (0.91, 1.02)}
    full = judge(kind="dubbed", out=out, target=out, told=-40.0, **facts)
    bare = judge(kind="undubbed", out=out, target=None, told=None, **facts)
    assert " -40 " in heldout.line(full)
    assert "0.91, 1.02" in heldout.line(full)
    assert len(heldout.line(full)) == len(heldout.HEAD)
    assert "nan" in heldout.line(bare)
