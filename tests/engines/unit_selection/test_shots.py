from __future__ import annotations

import numpy as np

from lipsync_ray.engines.unit_selection.shots import OTHER_PERSON, OTHER_SHOT, ShotFaces
from tests.engines.unit_selection.talker import measured, speechlike, talk


def costs(landmarks: np.ndarray, shots: np.ndarray) -> np.ndarray:
    talker = talk(*speechlike(len(landmarks)))
    object.__setattr__(talker, "landmarks", landmarks)
    return measured(talker, shots).faces.distances()


def test_one_person_lends_mouths_from_shot_to_shot():
    shots = np.repeat([0, 1, 2], 50).astype(np.int32)
    found = costs(talk(*speechlike(150)).landmarks, shots)
    assert np.allclose(np.diag(found), 0)
    assert np.allclose(found[~np.eye(3, dtype=bool)], OTHER_SHOT)


def test_another_person_does_not():
    shots = np.repeat([0, 1, 0, 1], 40).astype(np.int32)
    landmarks = talk(*speechlike(160)).landmarks.copy()
    guest = landmarks[shots == 1]
    middle = guest.mean(axis=1, keepdims=True)
    landmarks[shots == 1] = middle + (guest - middle) * [1.12, 1.0, 1.0]  # a rounder face
    found = costs(landmarks, shots)
    assert found[0, 1] > OTHER_SHOT + 0.9 * OTHER_PERSON
    assert found[1, 0] == found[0, 1]


def test_a_shot_without_faces_accuses_nobody():
    faces = ShotFaces(3)
    talker = talk(*speechlike(30))
    faces.add(talker.shapes, np.repeat([0, 2], 15))
    assert np.allclose(faces.distances()[1], [OTHER_SHOT, 0, OTHER_SHOT])
