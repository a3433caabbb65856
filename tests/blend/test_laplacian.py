"""Blending inside a crop: the whole picture's result, and nothing where the mask has no say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.blend.laplacian import blend_crop, laplacian_blend, levels_for, spread_change


def picture(seed: int, shape: tuple[int, int] = (403, 517)) -> np.ndarray:
    rough = np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)
    return cv2.GaussianBlur(rough, (0, 0), 1.5)


def ellipse(shape: tuple[int, int], centre: tuple[int, int], axes: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), 6)


@pytest.mark.parametrize("levels", [1, 2.5, 4, 6])
@pytest.mark.parametrize("centre", [(301, 211), (20, 390)])
def test_a_part_gives_what_the_whole_picture_gives(levels: float, centre: tuple[int, int]) -> None:
    new, old, mask = picture(1), picture(2), ellipse((403, 517), centre, (60, 40))
    weight = mask.astype(np.float32) / 255
    whole = old + spread_change(new.astype(np.float32) - old, weight, levels_for(levels, weight))
    found = blend_crop(new, old, mask, levels)
    assert np.array_equal(found, np.clip(np.rint(whole), 0, 255).astype(np.uint8))
    assert (found != old).any()


@pytest.mark.parametrize("levels", [1, 3, 6])
def test_a_change_spreads_as_two_pictures_blend(levels: int) -> None:
    new, old = picture(1), picture(2)
    mask = ellipse((403, 517), (301, 211), (60, 40)).astype(np.float32) / 255
    found = old + spread_change(new.astype(np.float32) - old, mask, levels)
    # The authors' pyramids are rounded at every level, half a level of the picture each time.
    np.testing.assert_allclose(found, laplacian_blend(new, old, mask, levels), atol=0.5 * levels)


def test_nothing_changes_far_from_the_mask() -> None:
    new, old, mask = picture(1), picture(2), ellipse((403, 517), (200, 200), (50, 40))
    far = cv2.dilate((mask > 0).view(np.uint8), np.ones((3, 3)), iterations=29) == 0
    assert far.sum() > 90_000
    assert np.array_equal(blend_crop(new, old, mask, 4)[far], old[far])


def test_an_empty_mask_changes_nothing_and_gives_a_copy() -> None:
    new, old = picture(1), picture(2)
    found = blend_crop(new, old, np.zeros(old.shape[:2], np.uint8), 4)
    assert np.array_equal(found, old)
    assert found is not old


def test_masks_of_either_type_mean_the_same() -> None:
    new, old, mask = picture(1), picture(2), ellipse((403, 517), (200, 200), (50, 40))
    assert np.array_equal(
        blend_crop(new, old, mask, 4), blend_crop(new, old, mask.astype(np.float32) / 255, 4)
    )


def test_fractions_of_levels_lead_from_one_whole_number_to_the_next() -> None:
    change = picture(1).astype(np.float32) - 90
    mask = ellipse((403, 517), (200, 200), (80, 60)).astype(np.float32) / 255
    series = [spread_change(change, mask, levels) for levels in (3, 3.001, 3.25, 3.5, 3.75, 4)]
    assert np.abs(series[1] - series[0]).max() < 0.1
    apart = [np.abs(each - series[0]).mean() for each in series]
    assert apart == sorted(apart)
    assert apart[3] == pytest.approx(apart[-1] / 2, rel=1e-3)


@pytest.mark.parametrize(("side", "wanted"), [(128, 4.0), (512, 6.0), (32, 2.0), (10, 1.0), (2, 1.0)])
def test_levels_follow_the_size_of_the_mask(side: int, wanted: float) -> None:
    assert levels_for(4, np.ones((side, side), np.float32)) == pytest.approx(wanted)


def test_colours_meet_without_a_line() -> None:
    old = np.full((300, 300, 3), 100, np.uint8)
    new = np.full((300, 300, 3), 140, np.uint8)
    mask = np.zeros((300, 300), np.uint8)
    mask[100:200, 90:210] = 255  # as hard as a mask can be
    steps = np.abs(np.diff(blend_crop(new, old, mask, 5)[150, :, 0].astype(int)))
    plain = np.abs(np.diff(blend_crop(new, old, mask, 1)[150, :, 0].astype(int)))
    assert plain.max() == 40
    assert steps.max() <= 12
