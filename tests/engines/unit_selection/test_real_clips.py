"""The preparation on real footage: scan, measure, choose, look at the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.engines.base import Preparation, Scene
from lipsync_ray.engines.unit_selection.measures import measure
from lipsync_ray.engines.unit_selection.person import build_person
from lipsync_ray.engines.unit_selection.prepare import prepare
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.unit_selection.target import read_articulation
from lipsync_ray.errors import WeightsMissing
from lipsync_ray.faces.scan import scan
from lipsync_ray.faces.select import choose_target, union_boxes
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.harvest import cut_crops, fetch_crops
from lipsync_ray.media.index import build_table
from lipsync_ray.media.timeline import SyncSettings, build_timeline
from lipsync_ray.speech.driving import Given
from lipsync_ray.speech.track import MouthCues
from lipsync_ray.weights.store import WeightStore


@pytest.fixture(scope="module")
def stage(media_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scene]:
    """Scenes of the real clips, without cues yet."""
    cache, settings, store = tmp_path_factory.mktemp("scans"), FaceSettings(), WeightStore()
    try:
        store.pull(["face_detector", "face_mesh"])
    except WeightsMissing as error:
        pytest.skip(f"face weights cannot be fetched: {error}")

    def make(name: str) -> Scene:
        table = build_table(media_dir / name)
        faces = scan(table, cache, settings, weights=store)
        target = choose_target(faces.light(), np.zeros(len(table), np.int32), table, settings)
        timeline = build_timeline(table, Fraction(table.times()[-1]).limit_denominator(1000), SyncSettings())
        source = (table, "pyav")
        return Scene(
            table=table,
            timeline=timeline,
            scan=faces,
            target=target,
            crops=union_boxes(faces.light(), target, table.video, settings.margin),
            speech=None,  # type: ignore[arg-type]
            times=timeline.times(),
            fetch=lambda at, boxes: fetch_crops(at, boxes, lambda ps: (cut_crops(p, source) for p in ps)),
        )

    return make


@pytest.fixture(scope="module")
def dub(stage: Callable[[str], Scene]) -> tuple[Scene, Preparation]:
    """The close-up, saying what the person of the VFR clip says."""

    scene, driver = stage("talk_closeup_590.mp4"), stage("talk_vfr_700.mp4")
    usable = driver.target.reason == 0
    found = measure(
        lambda at: driver.scan.landmarks(at, driver.target.face[at]),
        driver.target.face >= 0,
        usable,
        driver.target.shot,
    )
    person = build_person(found, driver.table.times(), UnitSelectionSettings())
    said = [np.interp(scene.times, driver.table.times(), found.raw[:, k]) for k in range(6)]
    cues = MouthCues(**read_articulation(np.stack(said, axis=1), person))
    scene = replace(scene, speech=Given(given=cues))
    return scene, prepare(scene)


def test_a_real_mouth_finds_its_units(dub: tuple[Scene, Preparation]):
    bank, frames = dub[1].shared["units"], dub[1].frames
    shown, target = bank.descriptor[frames["unit"]], frames["target"]
    assert not dub[1].shared["person"].layered
    assert np.corrcoef(shown[:, 0], target[:, 0])[0, 1] > 0.95
    assert np.corrcoef(shown[:, 1], target[:, 1])[0, 1] > 0.75
    assert np.abs(shown[:, 0] - target[:, 0]).mean() < 0.015


def test_real_closures_are_shown_by_closed_mouths(dub: tuple[Scene, Preparation]):
    bank, frames = dub[1].shared["units"], dub[1].frames
    closed = frames["closed"] >= 0.5
    assert closed.sum() > 10
    assert (bank.descriptor[frames["unit"][closed], 0] < 0.02).mean() > 0.95
    assert bank.verified_closed[frames["unit"][closed]].mean() > 0.5
    assert bank.verified_closed.sum() >= 3


def test_a_real_path_is_mostly_whole_stretches(dub: tuple[Scene, Preparation]):
    source = dub[1].shared["units"].source[dub[1].frames["unit"]]
    joins = np.abs(np.diff(source) - 1) > 2
    assert joins.mean() < 0.14


def test_real_patches_fit_their_landmarks(dub: tuple[Scene, Preparation]):
    bank = dub[1].shared["units"]
    for patch, points in zip(bank.patches, bank.landmarks, strict=True):
        corners = points[[61, 291]]
        assert (corners > 10).all()
        assert (corners < np.array(patch.shape[1::-1]) - 10).all()


def test_preparing_real_footage_twice_gives_the_same(dub: tuple[Scene, Preparation]):
    assert prepare(dub[0]).digest() == dub[1].digest()
