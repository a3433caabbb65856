"""Tracks become people: one across cuts, two where two are seen at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lipsync_ray.faces.models import FaceModels
from lipsync_ray.faces.scan import scan
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.faces.track import LightFaces
from lipsync_ray.harvest import cut_crops, fetch_crops
from lipsync_ray.media.index import build_table
from lipsync_ray.people.group import group_people, seen_together
from lipsync_ray.people.likeness import Describer
from lipsync_ray.people.people import People, find_people
from lipsync_ray.people.reference import describe_reference
from lipsync_ray.people.tracks import MOST, tracks_of
from lipsync_ray.weights.store import WeightStore
from tests.people.conftest import SHOT, SIDE

Met = tuple[People, LightFaces, list[int]]  # with the frames that were decoded


@pytest.fixture(scope="module")
def met(
    crossing: Path, weights: WeightStore, describer: Describer, tmp_path_factory: pytest.TempPathFactory
) -> Met:
    """The people of the clip."""
    table = build_table(crossing)
    found = scan(table, tmp_path_factory.mktemp("scan"), FaceSettings(), weights=weights)
    shots = shot_of(find_cuts(found.cut_scores(), table.times()), len(table))
    decoded: list[int] = []

    def fetch(frames: np.ndarray, boxes: list[Any]) -> list[np.ndarray]:
        decoded.extend(frames.tolist())
        return fetch_crops(
            frames, boxes, lambda pieces: [cut_crops(piece, (table, "pyav")) for piece in pieces]
        )

    return find_people(found, shots, table, fetch, describer), found.light(), decoded


def test_a_person_is_one_across_cuts_and_places(met: Met) -> None:
    people, light, _ = met
    left = light.box[:, 0] < SIDE * 0.75
    shot = light.frame // SHOT
    persons = {
        (number, side): set(people.person[(shot == number) & (left == side)].tolist())
        for number in range(3)
        for side in (True, False)
    }
    assert len(people) == 3
    anna, ben, third = persons[0, True], persons[0, False], persons[2, True]
    assert persons[1, False] == anna
    assert persons[1, True] == ben
    assert [len(one) for one in (anna, ben, third)] == [1, 1, 1]
    assert anna | ben | third == {0, 1, 2}
    assert third == {2}  # in the order of first sight


def test_few_frames_are_decoded_in_one_pass(met: Met) -> None:
    people, _, decoded = met
    assert decoded == sorted(decoded)
    assert len(decoded) <= MOST * (int(people.track.max()) + 1)


def test_a_reference_marks_its_rows_alone(
    met: Met, anna: Path, models: FaceModels, describer: Describer
) -> None:
    people, light, _ = met
    reference = describe_reference(anna, models, describer, "anna.png")
    among = people.like(reference)
    left, shot = light.box[:, 0] < SIDE * 0.75, light.frame // SHOT
    assert among.tolist() == (((shot == 0) & left) | ((shot == 1) & ~left)).tolist()
    assert not people.like(reference, least=0.99).any()


def test_of_several_references_each_person_is_the_nearest(
    met: Met, anna: Path, models: FaceModels, describer: Describer, portrait: np.ndarray, tmp_path: Path
) -> None:
    people = met[0]
    cv2.imwrite(str(tmp_path / "third.png"), portrait[..., ::-1])
    references = [
        describe_reference(path, models, describer, path.name) for path in (tmp_path / "third.png", anna)
    ]
    nearest = people.nearest(references)
    assert sorted(set(nearest.tolist())) == [-1, 0, 1]  # -1: the second of the two, whom nobody knows
    assert (nearest[people.person == 2] == 0).all()
    assert np.array_equal(nearest == 1, people.like(references[1]))


def faces(frame: list[int], face: list[int]) -> LightFaces:
    """Rows that are only told apart."""
    none = np.zeros(len(frame), np.float32)
    return LightFaces(
        frame=np.array(frame, np.int64),
        face=np.array(face, np.int32),
        box=np.zeros((len(frame), 4), np.float32),
        **dict.fromkeys(("score", "yaw", "pitch", "roll", "sharpness"), none),
        redness=np.zeros((len(frame), 2), np.float32),
        frames=10,
        best=None,
    )


def test_a_number_kept_across_a_cut_is_two_tracks() -> None:
    light = faces([0, 0, 1, 1, 2, 2, 3], [7, 3, 3, 7, 3, 5, 3])
    shots = np.array([0, 0, 1, 1], np.int32)
    tracks = tracks_of(light, shots)
    assert tracks.tolist() == [0, 1, 1, 0, 2, 3, 2]
    assert seen_together(tracks, light.frame).tolist() == [[0, 1], [2, 3]]


def place(x: float, y: float = 0.0) -> np.ndarray:
    return np.array([x, y, *[0.0] * 126], np.float32)


def test_those_who_are_seen_together_are_two_people() -> None:
    alike = {4: place(0), 5: place(0.1), 9: place(0.05)}
    nobody = np.zeros((0, 2), np.int32)
    assert group_people(alike, nobody) == {4: 0, 5: 0, 9: 0}
    apart = group_people(alike, np.array([[4, 5]], np.int32))
    assert apart[4] != apart[5]
    assert group_people({}, nobody) == {}


def test_groups_meet_in_the_mean_and_are_numbered_by_first_sight() -> None:
    chain = {number: place(0.4 * number) for number in range(5)}  # neighbours are alike, the ends are not
    people = group_people(chain, np.zeros((0, 2), np.int32))
    assert people[0] == 0
    assert len(set(people.values())) > 1
    assert list(dict.fromkeys(people.values())) == sorted(set(people.values()))


def test_of_two_alike_in_one_frame_the_more_alike_is_meant() -> None:
    people = People(
        frame=np.array([0, 0, 1, 1, 2], np.int64),
        track=np.array([0, 1, 0, 1, 2], np.int32),
        person=np.array([0, 1, 0, 1, 0], np.int32),
        descriptions=np.stack([place(0.3), place(0.1)]),
        tracks={0: place(0.3), 1: place(0.1), 2: place(0.3)},
    )
    assert people.like(place(0)).tolist() == [False, True, False, True, True]
