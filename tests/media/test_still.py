from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from tests.clips import number_in, write_still


def read(path) -> np.ndarray:
    with open_reader(build_table(path)) as reader:
        first, again = reader.frames([0, 0])
        assert again is first
        return rgb_of(first)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif"])
@pytest.mark.parametrize("size", [(200, 120), (201, 121)])
def test_a_picture_is_a_video_of_one_frame(suffix, size, tmp_path):
    path = tmp_path / f"face ñ.{suffix}"
    rgb = write_still(path, *size, number=37)
    table = build_table(path)
    assert (len(table), table.still, table.video.has_audio) == (1, True, False)
    assert (table.video.width, table.video.height) == size
    assert table.video.layout.pix_fmt == "yuv420p"
    assert table.times().tolist() == [0.0]
    with open_reader(table) as reader:
        (frame,) = reader.frames([0])
    assert number_in(frame.planes[0]) == 37
    off = np.abs(rgb_of(frame).astype(int) - rgb)
    assert off[: size[1] // 4].mean() < 3


def test_the_bytes_decide_and_not_the_name(tmp_path):
    rgb = write_still(tmp_path / "a.png")
    path = tmp_path / "a.mp4"
    (tmp_path / "a.png").rename(path)
    assert build_table(path).still
    assert read(path).shape == rgb.shape


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_picture_is_turned_as_its_exif_says(orientation, tmp_path):
    path = tmp_path / "phone.jpg"
    upright = write_still(path, 160, 96, number=5)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright.transpose(1, 0, 2), 2),
        8: np.rot90(upright, -1),
    }[orientation]
    cv2.imwrite(str(path), np.ascontiguousarray(stored)[..., ::-1])
    plain = path.read_bytes()
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    path.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:])
    table = build_table(path)
    assert (table.video.width, table.video.height) == (160, 96)
    assert np.abs(read(path).astype(int) - upright)[:24].mean() < 4


def test_transparent_parts_become_white(tmp_path):
    path = tmp_path / "cutout.png"
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[:, 30:] = (30, 60, 200, 255)  # BGRA
    cv2.imwrite(str(path), rgba)
    rgb = read(path)
    assert np.abs(rgb[:, :28].astype(int) - 255).max() <= 2
    assert np.abs(rgb[:, 32:].astype(int) - (200, 60, 30)).max() <= 3


def test_sixteen_bits_and_grey_are_read(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (32, 1))
    cv2.imwrite(str(tmp_path / "deep.png"), np.stack([ramp] * 3, axis=-1))
    cv2.imwrite(str(tmp_path / "grey.png"), (ramp >> 8).astype(np.uint8))
    for name in ("deep.png", "grey.png"):
        off = read(tmp_path / name).astype(int) - (ramp >> 8).astype(int)[..., None]
        assert np.abs(off).max() <= 2


def test_a_damaged_picture_is_named(tmp_path):
    path = tmp_path / "broken.png"
    write_still(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(VideoUnreadable, match=r"broken\.png"):
        build_table(path)
