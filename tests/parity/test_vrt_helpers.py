"""VideoReTalking's geometry against what its own code made, and that a slip would be noticed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest

from lipsync_ray.engines.facebox import smooth_boxes_upstream
from lipsync_ray.engines.video_retalking.coefficients import SCALE, motion_rows, scale_ratio, windows
from lipsync_ray.engines.video_retalking.crop import ffhq_quad
from lipsync_ray.engines.video_retalking.fit3dmm import (
    SIDE,
    align224,
    fit_pose,
    five_points,
    move224,
    placements,
    upwards,
)
from lipsync_ray.engines.video_retalking.upstream import (
    first_frame_crop,
    paste_quad,
    perspective_coefficients,
    quad_crop,
)
from lipsync_ray.enhance.upstream import soft_mask
from tests.parity import recipe
from tests.parity.fixture import Fixture

CROP = 256
FIXTURE = Fixture("vrt_helpers")
STORED = FIXTURE.wanted
POINTS, PIXELS = (FIXTURE.manifest["atol"][kind] for kind in ("points", "pixels"))
GIVEN = {"lm68", "lm3d_standin", "lm_256", "semantic", "semantic_one", "boxes"}
FACE, MODEL, BOXES = STORED["lm_256"], STORED["lm3d_standin"], STORED["boxes"]
UP = upwards(FACE, CROP)
PLACED = placements(FACE, MODEL, (CROP, CROP))
FRAMES, ONE = motion_rows(STORED["semantic"]), motion_rows(STORED["semantic_one"])[0]
QUAD = ffhq_quad(FACE) + 0.5


def picture(name: str) -> np.ndarray:
    spec = next(s for s in FIXTURE.manifest["inputs"] if s["name"] == f"helpers.{name}")
    return np.uint8(recipe.smooth_image(spec["seed"], spec["shape"]).transpose(1, 2, 0) * 255)  # pyright: ignore


def crops(part: int, shift: float = 0.0) -> np.ndarray:
    return np.stack([first_frame_crop(points + shift, (640, 360))[part] for points in STORED["lm68"]])


def pose(points: np.ndarray, part: int) -> np.ndarray:
    return np.atleast_1d(fit_pose(five_points(points), MODEL)[part])


def opencv224() -> np.ndarray:
    """With OpenCV's bicubic kernel, which is sharper and does not average."""
    scale, place = PLACED[2], PLACED[3:]
    size = int(CROP * scale)
    left, top = (np.array([place[0], CROP - place[1]]) - CROP / 2) * scale + (size - SIDE) / 2
    resized = cv2.resize(picture("f256"), (size, size), interpolation=cv2.INTER_CUBIC)
    padded = cv2.copyMakeBorder(resized, SIDE, SIDE, SIDE, SIDE, cv2.BORDER_CONSTANT)
    return padded[SIDE + int(top) : 2 * SIDE + int(top), SIDE + int(left) : 2 * SIDE + int(left)]


def window(row: int, ratio: float = 1.0) -> np.ndarray:
    return windows(FRAMES, np.zeros(len(FRAMES), bool), row, 1, ratio=ratio)[0]


def ratio(source: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.array([scale_ratio(source, rows)])


def others(row: int) -> np.ndarray:
    return np.delete(FRAMES, row, 0)


def without_angles(rows: np.ndarray) -> np.ndarray:
    out = rows.copy()
    out[..., 64:67] = 0
    return out


def centred(boxes: np.ndarray) -> np.ndarray:
    return np.stack([boxes[max(0, row - 2) : row + 3].mean(0).astype(int) for row in range(len(boxes))])


def pasted(coefficients: np.ndarray) -> np.ndarray:
    return paste_quad(picture("org"), quad_crop(picture("f256"), QUAD, CROP), coefficients)[::4, ::4]


def softened(times: int) -> np.ndarray:
    y, x = np.indices((512, 512))
    mask = ((y - 260) / 210) ** 2 + ((x - 250) / 170) ** 2 < 1
    mask[:, 470:] = True
    for _ in range(times):
        mask = soft_mask(np.asarray(mask, np.float32))
    return mask[::8, ::8]


Made = Callable[[], np.ndarray]
CASES: dict[str, tuple[Made, Made]] = {  # what is right, and a slip
    "ffhq_crop": (partial(crops, 0), partial(crops, 0, 1.0)),
    "ffhq_quad": (partial(crops, 1), partial(crops, 1, 0.3)),
    "lm5_from68": (lambda: five_points(UP), lambda: five_points(UP)[[1, 0, 2, 3, 4]]),
    "pos_t": (lambda: pose(UP, 0), lambda: pose(FACE, 0)),
    "pos_s": (lambda: pose(UP, 1), lambda: pose(FACE * [1, 1.01], 1)),
    "trans_params": (lambda: PLACED, lambda: placements(FACE, MODEL, (CROP, CROP + 1))),
    "align224": (lambda: align224(picture("f256"), PLACED)[::4, ::4], lambda: opencv224()[::4, ::4]),
    "align224_lm": (lambda: move224(UP, PLACED), lambda: move224(FACE, PLACED)),
    **{
        f"ratio_{i}": (partial(ratio, FRAMES[i], FRAMES), partial(ratio, FRAMES[i], others(i)))
        for i in (0, 12, 29)
    },
    **{
        f"window_{i}": (partial(window, i), partial(window, i + step))
        for i, step in ((0, 1), (12, 1), (29, -1))
    },
    "ratio_one": (partial(ratio, ONE, FRAMES), partial(ratio, without_angles(ONE), without_angles(FRAMES))),
    "window_one_5": (lambda: window(5, scale_ratio(ONE, FRAMES)), partial(window, 5)),
    "boxes_smooth": (partial(smooth_boxes_upstream, BOXES), partial(centred, BOXES)),
    "boxes3_smooth": (partial(smooth_boxes_upstream, BOXES[:3]), partial(centred, BOXES[:3])),
    "mask_soft": (partial(softened, 1), partial(softened, 2)),
    "stit_quad": (lambda: QUAD - 0.5, lambda: QUAD),
    "stit_crop": (
        lambda: quad_crop(picture("f256"), QUAD, CROP)[::4, ::4],
        lambda: quad_crop(picture("f256"), QUAD - 0.5, CROP)[::4, ::4],
    ),
    "stit_coeff": (
        partial(perspective_coefficients, QUAD, CROP),
        partial(perspective_coefficients, QUAD, CROP - 1),
    ),
    "stit_paste": (
        lambda: pasted(perspective_coefficients(QUAD, CROP)),
        lambda: pasted(perspective_coefficients(QUAD - 0.5, CROP)),
    ),
}


def close(name: str, found: np.ndarray) -> bool:
    wanted = STORED[name]
    assert found.shape == wanted.shape
    apart = np.abs(found.astype(np.float64) - wanted).max()
    return bool(apart <= (PIXELS if wanted.dtype == np.uint8 else POINTS))


@pytest.mark.parametrize("name", CASES)
def test_helper_makes_what_the_authors_code_made(name: str) -> None:
    assert close(name, CASES[name][0]())


@pytest.mark.parametrize("name", CASES)
def test_a_slip_is_noticed(name: str) -> None:
    assert not close(name, CASES[name][1]())


def test_nothing_of_the_fixture_is_left_out() -> None:
    assert set(STORED) - GIVEN == set(CASES)
    assert STORED["semantic"].shape[1] == 262


def test_only_the_scale_is_multiplied() -> None:
    changed = np.flatnonzero((window(5, 2.0) != window(5)).any(1))
    assert changed.tolist() == [SCALE]
