"""Restored mouths in their frames: in place, inside the mask alone, each frame for itself."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lipsync_ray.blend.masks import LIPS, lips_mask
from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.enhance.align import GFPGAN_TEMPLATE, fit_similarity, five_points, inverse
from lipsync_ray.enhance.base import Restorer
from lipsync_ray.enhance.retouch import FACE, MOUTH, Enhancer
from lipsync_ray.enhance.settings import EnhanceSettings
from tests.engines.heads import head, moving, turned
from tests.enhance.stubs import Stub, brighter, picture, same

SHAPE = (480, 640)
BLEND = BlendSettings()
COUNT = 4
FRAMES = np.stack([picture(SHAPE, seed) for seed in range(COUNT)])
FACES = moving(COUNT)
NUMBERS = np.arange(20, 20 + COUNT)
EVERYWHERE = np.full((COUNT, *SHAPE), 255, np.uint8)


def retouched(
    *restorers: Restorer,
    settings: EnhanceSettings | None = None,
    region: np.ndarray = EVERYWHERE,
    rows: slice = slice(None),
) -> np.ndarray:
    enhancer = Enhancer(list(restorers), settings or EnhanceSettings(), BLEND)
    return enhancer.retouch(FRAMES[rows], FACES[rows], NUMBERS[rows], region[rows])


def changes(made: np.ndarray, before: np.ndarray = FRAMES) -> np.ndarray:
    return made.astype(int) - before


def noise(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(1).integers(60, 180, (*shape, 3)).astype(np.uint8)


@pytest.mark.parametrize("region", ["mouth", "face"])
def test_a_restorer_that_changes_nothing_changes_nothing(region: str) -> None:
    made = retouched(same(), settings=EnhanceSettings(region=region))  # pyright: ignore[reportArgumentType]
    assert np.array_equal(made, FRAMES)


def test_detail_that_the_aligned_face_cannot_hold_stays() -> None:
    shape = (1100, 1000)
    frame, face = noise(shape)[None], head((500.0, 550.0), 800.0)[None]
    region = np.full((1, *shape), 255, np.uint8)
    enhancer = Enhancer([brighter(30)], EnhanceSettings(tiles="off"), BLEND)
    made = enhancer.retouch(frame, face, np.array([0]), region)
    inside = lips_mask(face[0], shape, BLEND) == 255
    np.testing.assert_allclose(changes(made, frame)[0][inside], 30, atol=5)


def test_a_mouth_beyond_the_restored_part_fades_out() -> None:
    face = FACES[:1].copy()
    face[0, list(LIPS), :2] += (face[0, list(LIPS), :2] - face[0, 13, :2]) * (0.5, 2.5)  # as no mouth opens
    made = Enhancer([brighter(60)], EnhanceSettings(), BLEND).retouch(
        FRAMES[:1], face, NUMBERS[:1], EVERYWHERE[:1]
    )
    mask, off = lips_mask(face[0], SHAPE, BLEND), changes(made, FRAMES[:1])[0].mean(-1)
    assert (off[mask == 255] < 1).any()  # so the mask does reach beyond
    assert max(np.abs(np.diff(off, axis=axis)).max() for axis in (0, 1)) < 20


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0])
@pytest.mark.parametrize("size", [70.0, 200.0, 420.0])
def test_what_changes_in_the_aligned_face_changes_there_in_the_frame(turn: float, size: float) -> None:
    face = turned(head((320.0, 240.0), size), turn)
    target = face[[61, 291], :2].mean(0)
    dot = np.zeros((512, 512, 3), np.uint8)
    matrix, _ = fit_similarity(five_points(face), GFPGAN_TEMPLATE)
    x, y = np.rint(matrix[:, :2] @ target + matrix[:, 2]).astype(int)
    assert np.hypot(*(GFPGAN_TEMPLATE[3:].mean(0) - (x, y))) < 30
    cv2.circle(dot, (int(x), int(y)), 8, (90, 90, 90), -1)
    flat = np.full((1, *SHAPE, 3), 100, np.uint8)
    made = Enhancer([Stub(lambda faces: faces + dot)], EnhanceSettings(), BLEND).retouch(
        flat, face[None], NUMBERS[:1], EVERYWHERE[:1]
    )
    weight = changes(made, flat)[0].mean(-1)
    rows, columns = np.indices(SHAPE)
    centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    back = inverse(matrix)
    np.testing.assert_allclose(centre, back[:, :2] @ (x, y) + back[:, 2], atol=0.2)


def test_a_mouth_is_changed_where_lips_are_and_smoothly() -> None:
    made = retouched(brighter(40))
    for row, face in enumerate(FACES):
        mask = lips_mask(face, SHAPE, BLEND)
        off = changes(made)[row].mean(-1)
        assert not off[mask == 0].any()
        assert off[mask == 255].mean() == pytest.approx(40, abs=4)
        assert max(np.abs(np.diff(off, axis=axis)).max() for axis in (0, 1)) < 15


def test_the_whole_face_if_it_is_asked_for() -> None:
    restorer = brighter()
    face = retouched(restorer, settings=EnhanceSettings(region="face"))
    mouth = retouched(brighter())
    assert restorer.parts == [FACE]
    assert (face != FRAMES).sum() > 3 * (mouth != FRAMES).sum()


def test_outside_the_region_not_a_bit_changes() -> None:
    region = np.zeros_like(EVERYWHERE)
    region[:, :, 320:] = 255
    made = retouched(brighter(), region=region)
    assert np.array_equal(made[:, :, :320], FRAMES[:, :, :320])
    assert not np.array_equal(made[:, :, 320:], FRAMES[:, :, 320:])
    assert np.array_equal(retouched(brighter(), region=np.zeros_like(region)), FRAMES)


def test_a_frame_does_not_depend_on_its_batch() -> None:
    whole = retouched(brighter())
    for row in range(COUNT):
        assert np.array_equal(retouched(brighter(), rows=slice(row, row + 1))[0], whole[row])


def test_small_faces_never_meet_a_restorer() -> None:
    restorer = brighter()
    made = retouched(restorer, settings=EnhanceSettings(min_face=1000))
    assert np.array_equal(made, FRAMES)
    assert restorer.numbers == []


def test_only_the_small_ones_of_a_batch_are_passed_over() -> None:
    restorer = brighter()
    faces = FACES.copy()
    faces[1] = head(size=50)
    made = Enhancer([restorer], EnhanceSettings(), BLEND).retouch(FRAMES, faces, NUMBERS, EVERYWHERE)
    assert restorer.numbers == [[20, 22, 23]]
    assert np.array_equal(made[1], FRAMES[1])
    assert np.array_equal(made[2], retouched(brighter())[2])


def test_strength() -> None:
    restorer = brighter()
    assert np.array_equal(retouched(restorer, settings=EnhanceSettings(strength=0)), FRAMES)
    assert restorer.numbers == []
    full, half = (changes(retouched(brighter(), settings=EnhanceSettings(strength=s))) for s in (1, 0.5))
    inside = np.stack([lips_mask(face, SHAPE, BLEND) == 255 for face in FACES])
    np.testing.assert_allclose(half[inside].mean(), full[inside].mean() / 2, rtol=0.06)


def test_two_restorers_work_one_after_the_other() -> None:
    seen: list[float] = []

    def note(faces: np.ndarray) -> np.ndarray:
        seen.append(float(faces[:, 350:400, 220:290].mean()))
        return faces

    both = retouched(brighter(20), brighter(20))
    inside = np.stack([lips_mask(face, SHAPE, BLEND) == 255 for face in FACES])
    assert changes(both)[inside].mean() == pytest.approx(40, abs=4)
    retouched(Stub(note), brighter(20), Stub(note))
    assert seen[1] - seen[0] > 15


def test_large_faces_are_restored_by_tiles() -> None:
    shape = (1500, 1400)
    frame, face = picture(shape, 7, cell=6)[None], head((700.0, 750.0), 1300.0)[None]
    region = np.full((1, *shape), 255, np.uint8)
    mask = lips_mask(face[0], shape, BLEND)
    made, calls = {}, {}
    for tiles in ("auto", "off"):
        restorer = brighter(40)
        settings = replace(EnhanceSettings(), tiles=tiles)
        enhancer = Enhancer([restorer], settings, BLEND)
        made[tiles] = enhancer.retouch(frame, face, np.array([3]), region)[0]
        calls[tiles] = restorer
        assert np.array_equal(made[tiles][mask == 0], frame[0][mask == 0])
    assert calls["off"].parts == [MOUTH]
    assert calls["auto"].parts[0] == MOUTH
    assert len(calls["auto"].parts) > 2
    assert all(numbers == [3] for numbers in calls["auto"].numbers)


def test_usual_faces_are_not() -> None:
    restorer = brighter()
    retouched(restorer, rows=slice(1))
    assert restorer.parts == [MOUTH]
