"""A scan finds every face of real clips, is cached, resumes, and does not depend on who ran it."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_ray.faces.models import MESH, FaceModels
from lipsync_ray.faces.mouths import KeptMouths, mouth_box
from lipsync_ray.faces.ranges import scan_ranges
from lipsync_ray.faces.scan import ScannedRange, scan, scan_name, scan_range
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.weights.registry import Registry
from lipsync_ray.weights.store import WeightStore

SETTINGS = FaceSettings()
Parts = list[ScannedRange]
CLIPS = ("talk_vfr_700", "talk_closeup_590", "talk_fullbody_1080x1920_hevc")


@pytest.fixture(scope="module")
def long_clip(talking: list[np.ndarray], write_clip: Callable[..., Path]) -> Path:
    """The close-up there and back again for 40 s, small and slow: several ranges, one face throughout."""
    small = [cv2.resize(f, (240, 240), interpolation=cv2.INTER_AREA) for f in talking]
    bounce = small + small[-2:0:-1]
    return write_clip("long", (bounce[i % len(bounce)] for i in range(400)), rate=10)


@pytest.fixture(scope="module")
def long_scan(long_clip: Path, weights: WeightStore, tmp_path_factory: pytest.TempPathFactory) -> FaceScan:
    return scan(build_table(long_clip), tmp_path_factory.mktemp("scan"), SETTINGS, weights=weights)


@pytest.mark.parametrize("name", CLIPS)
def test_real_clips_have_one_face_in_every_frame(
    media_dir: Path, weights: WeightStore, tmp_path: Path, name: str
) -> None:
    table = build_table(media_dir / f"{name}.mp4")
    found = scan(table, tmp_path, SETTINGS, weights=weights)
    light = found.light()
    assert light.frame.tolist() == list(range(len(table)))
    assert set(light.face) == {0}
    assert light.score.min() > 0.9
    landmarks = found.landmarks(light.frame, light.face)
    eyes = np.linalg.norm(landmarks[:, 263, :2] - landmarks[:, 33, :2], axis=1)
    # Where nothing cuts, landmarks move by little from frame to frame.
    assert (np.abs(np.diff(landmarks[:, :, :2], axis=0)).mean((1, 2)) / eyes[1:]).max() < 0.2


def test_one_face_keeps_one_number_through_all_ranges(long_scan: FaceScan) -> None:
    light = long_scan.light()
    assert len(long_scan.ranges) >= 3
    assert len(light) == len(long_scan) == 400
    assert set(light.face) == {0}


def test_landmarks_come_in_any_order_and_nan_where_absent(long_scan: FaceScan) -> None:
    light = long_scan.light()
    frames = np.array([399, 0, 200, 0, 5, -1])
    faces = np.array([0, 0, 0, 0, 7, 0])
    points = long_scan.landmarks(frames, faces)
    assert np.isfinite(points[:4]).all()
    assert np.isnan(points[4:]).all()
    np.testing.assert_array_equal(points[1], points[3])
    boxes = np.concatenate([points[:4, :, :2].min(1), points[:4, :, :2].max(1)], 1)
    np.testing.assert_allclose(boxes, light.box[frames[:4]], atol=1e-3)
    thumbs = long_scan.thumbs(frames, faces)
    assert thumbs.shape == (6, 20, 32, 3)
    assert thumbs[:4].std() > 5
    assert not thumbs[4:].any()


def test_interrupted_scan_goes_on_where_it_was(
    long_clip: Path, long_scan: FaceScan, weights: WeightStore, tmp_path: Path
) -> None:
    table = build_table(long_clip)
    ran: list[tuple[int, int]] = []

    def stopping(function: Callable[..., Parts], tasks: Iterable[list]) -> Iterable[Parts]:
        yield function(next(iter(tasks)))
        raise KeyboardInterrupt

    def counting(function: Callable[..., Parts], tasks: Iterable[list]) -> Iterable[Parts]:
        for task in reversed(list(tasks)):  # any order will do
            ran.extend(task)
            yield pickle.loads(pickle.dumps(function))(task)

    with pytest.raises(KeyboardInterrupt):
        scan(table, tmp_path, SETTINGS, weights=weights, mapper=stopping)
    done: list[tuple[int, int]] = []
    found = scan(
        table, tmp_path, SETTINGS, weights=weights, mapper=counting, on_part=lambda *d: done.append(d)
    )
    assert sorted(ran) == scan_ranges(table)[1:]
    assert done[-1] == (400, 400)
    # One digest, however it was run.
    for first, second in zip(found.ranges, long_scan.ranges, strict=True):
        assert _bytes(found, first) == _bytes(long_scan, second)


def test_damaged_part_is_made_anew(
    long_clip: Path, long_scan: FaceScan, weights: WeightStore, tmp_path: Path
) -> None:
    home = tmp_path / long_scan.folder.name
    shutil.copytree(long_scan.folder, home)
    path = sorted(home.iterdir())[1]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    again = scan(build_table(long_clip), tmp_path, FaceSettings(select="left", min_size=3), weights=weights)
    assert again.folder == home  # these options choose among faces, they do not find others
    assert path.read_bytes() == content


def test_range_alone_is_the_range_of_the_whole(
    long_clip: Path, long_scan: FaceScan, models: FaceModels, tmp_path: Path
) -> None:
    start, stop = long_scan.ranges[1]
    part = scan_range(build_table(long_clip), start, stop, SETTINGS, models)
    assert part.column("frame").to_pylist() == list(range(start, stop))
    points = np.array(part.column("landmarks").to_pylist(), np.float32).reshape(-1, 468, 3)
    np.testing.assert_array_equal(points, long_scan.landmarks(np.arange(start, stop), np.zeros(stop - start)))


def test_mouths_of_a_short_video_are_kept(long_clip: Path, long_scan: FaceScan) -> None:
    frames = np.array([3, 399, 200])
    boxes = [mouth_box(points, 240, 240) for points in long_scan.landmarks(frames, np.zeros(3, np.int64))]
    kept = KeptMouths(folder=long_scan.folder, ranges=long_scan.ranges).crops(frames, boxes)
    with open_reader(build_table(long_clip), threads=1) as reader:
        for frame, box, crop in zip(reader.frames(frames.tolist()), boxes, kept, strict=True):
            np.testing.assert_array_equal(crop, crop_rgb(frame, box))


def test_faceless_video_has_an_empty_scan(
    write_clip: Callable[..., Path], weights: WeightStore, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    grey = [cv2.resize(rng.integers(0, 255, (9, 16, 3), np.uint8), (320, 180)) for _ in range(12)]
    found = scan(build_table(write_clip("grey", grey)), tmp_path, SETTINGS, weights=weights)
    assert len(found.light()) == 0
    assert found.light().frames == 12
    assert len(found.cut_scores()) == 12
    assert np.isnan(found.landmarks(np.array([0]), np.array([0]))).all()


def test_small_face_in_a_wide_picture_is_found(
    portrait: np.ndarray, write_clip: Callable[..., Path], weights: WeightStore, tmp_path: Path
) -> None:
    """A face of about 45 px in 1280 x 720: seven pixels of what the detector gets of the whole."""
    picture = np.full((720, 1280, 3), 120, np.uint8)
    picture[300:500, 900:1100] = cv2.resize(portrait, (200, 200), interpolation=cv2.INTER_AREA)
    found = scan(build_table(write_clip("wide", [picture] * 4)), tmp_path, SETTINGS, weights=weights)
    assert found.light().frame.tolist() == [0, 1, 2, 3]
    assert found.light().width.max() < 60


def _bytes(found: FaceScan, part: tuple[int, int]) -> bytes:
    return (found.folder / f"faces-{part[0]:08d}-{part[1]:08d}.arrow").read_bytes()


def test_a_scan_is_named_by_all_that_its_rows_depend_on(weights: WeightStore) -> None:
    entries = dict(weights.registry.entries)
    entries[MESH] = replace(entries[MESH], sha256="0" * 64)
    others = [
        scan_name("other bytes", SETTINGS, weights),
        scan_name("bytes", replace(SETTINGS, stride=3), weights),
        scan_name("bytes", replace(SETTINGS, select="box", box=(0, 0, 9, 9)), weights),
        scan_name("bytes", SETTINGS, replace(weights, registry=Registry(entries=entries))),
    ]
    name = scan_name("bytes", SETTINGS, weights)
    assert len({name, *others}) == 5
    assert scan_name("bytes", replace(SETTINGS, select="left", margin=0.5), weights) == name
