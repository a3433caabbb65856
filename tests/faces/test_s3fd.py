"""S3FD as a detector: its maps' places, and eyes where it has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from lipsync_ray.faces.detectors.base import fit
from lipsync_ray.faces.detectors.s3fd import S3FD, map_sizes, places
from lipsync_ray.faces.detectors.s3fd_net import load_s3fd
from lipsync_ray.faces.roi import roi_from_detection
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.neural.settings import ComputeSettings
from tests.faces.known_nets import Known, by_picture, marked
from tests.parity.checkpoints import write_checkpoints

RUNTIME = Runtime(ComputeSettings(device="cpu", batch=2), threads=1)


def known() -> S3FD:
    def say(pictures: torch.Tensor) -> list[torch.Tensor]:
        height, width = pictures.shape[2:]
        boxes, scores, _ = by_picture(pictures, places(height, width))
        maps, start = [], 0
        for rows, columns in map_sizes(height, width):
            stop = start + rows * columns
            for part in (scores, boxes):
                maps.append(part[:, start:stop].transpose(1, 2).unflatten(2, (rows, columns)))
            start = stop
        return maps

    return S3FD(cast(Any, Known(say)), RUNTIME)


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [(300, 400, (40, 60, 140, 190)), (720, 1280, (800, 120, 1000, 380)), (40, 32, (5, 4, 30, 38))],
)
def test_places_are_those_of_the_picture(height: int, width: int, box: tuple[int, int, int, int]) -> None:
    for found in (
        known().detect(marked(height, width, box), 0.5),
        known().detect_batch([marked(height, width, box)], 0.5)[0],
    ):
        assert len(found) == 1
        np.testing.assert_allclose(found[0].box, box, atol=2.01 if width == 1280 else 0.01)
        roi = roi_from_detection(found[0].box, found[0].keypoints)
        assert roi.angle == pytest.approx(0, abs=1e-6)
        right_eye, left_eye = found[0].keypoints
        assert box[0] < right_eye[0] < left_eye[0] < box[2]


@pytest.mark.parametrize("size", [(200, 264), (32, 32), (65, 33), (360, 639)])
@torch.inference_mode()
def test_sizes_of_the_maps(tmp_path: Path, size: tuple[int, int]) -> None:
    net = load_s3fd(write_checkpoints(tmp_path, "s3fd") / "s3fd.pth")
    maps = net(torch.zeros(1, 3, *size))
    assert [tuple(found.shape[2:]) for found in maps[::2]] == map_sizes(*size)


def test_places_are_in_the_middle_of_cells() -> None:
    found = places(200, 264)
    assert len(found) == sum(rows * columns for rows, columns in map_sizes(200, 264))
    np.testing.assert_array_equal(found[:2], [[2, 2, 16, 16], [6, 2, 16, 16]])
    np.testing.assert_array_equal(found[-9], [64, 64, 512, 512])


def test_blue_comes_first() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[..., 0] = 255  # red
    np.testing.assert_array_equal(fit(picture)[:, 0, 0], [-104, -117, 255 - 123])
