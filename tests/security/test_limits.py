"""A file that is beyond a limit ends with one line that names it, before it is decoded."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import wave
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, LimitExceeded, VideoUnreadable
from lipsync_ray.inputs import open_inputs
from lipsync_ray.limits import LimitsSettings
from lipsync_ray.media.bounds import check_hours, check_size
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config
from tests.clips import make_clip


def announced(path: Path, width: int, height: int) -> Path:
    """A PNG of a few bytes that says it is as large as this."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def silence(path: Path, seconds: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(2000)
        file.writeframes(b"\x80" * 2000 * seconds)
    return path


def run(*words: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "lipsync_ray", "run", *words, "ray.cluster=none", "cache.enabled=false"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr.strip().splitlines()


def test_a_huge_picture_is_refused_by_name(tmp_path: Path) -> None:
    picture = announced(tmp_path / "a.png", 30_000, 30_000)
    sound = silence(tmp_path / "a.wav", 1)
    code, lines = run(f"video={picture}", f"audio={sound}", f"out={tmp_path / 'o.mp4'}")
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(
        f"lipsync_ray: LIMIT: {picture} has pictures of more than limits.max_megapixels=150"
    )
    assert not (tmp_path / "o.mp4").exists()


def test_a_long_sound_is_refused_by_name(tmp_path: Path) -> None:
    picture, sound = tmp_path / "a.png", silence(tmp_path / "a.wav", 60)
    cv2.imwrite(str(picture), np.zeros((64, 64, 3), np.uint8))
    words = [f"video={picture}", f"audio={sound}", f"out={tmp_path / 'o.mp4'}", "limits.max_hours=0.01"]
    with pytest.raises(LimitExceeded, match=r"a\.wav lasts 0\.0 h; limits\.max_hours=0\.01 are the most"):
        open_inputs(load_config(words), tmp_path)


def test_sizes_are_told_without_decoding(tmp_path: Path) -> None:
    clip = make_clip("cfr", tmp_path / "clip").path
    check_size(clip, LimitsSettings(max_megapixels=192 * 108 / 1e6))
    with pytest.raises(
        LimitExceeded, match=r"192x108 pixels, 0\.0 million; limits\.max_megapixels=0\.02 are"
    ):
        check_size(clip, LimitsSettings(max_megapixels=0.02))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LimitExceeded):
        check_size(announced(tmp_path / "b.png", 60_000, 60_000), LimitsSettings(max_megapixels=1000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_a_table_is_made_within_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip("cfr", tmp_path / "clip").path
    assert len(build_table(clip, LimitsSettings(max_megapixels=0.021))) == len(build_table(clip))

    def decode(*_: object) -> None:
        pytest.fail("a picture that is too large was decoded")

    monkeypatch.setattr("lipsync_ray.media.index.Prober.see", decode)
    with pytest.raises(LimitExceeded, match=r"192x108 pixels"):
        build_table(clip, LimitsSettings(max_megapixels=0.02))
    with pytest.raises(LimitExceeded):
        build_table(announced(tmp_path / "b.png", 60_000, 60_000), LimitsSettings(max_megapixels=1000))


def test_a_header_that_lies_does_not_get_a_large_picture_decoded(tmp_path: Path) -> None:
    clip = Path(make_clip("cfr", tmp_path / "clip").path)
    data = bytearray(clip.read_bytes())
    size = data.index(b"avc1", data.index(b"stsd")) + 4 + 24  # width and height, 16 bits each (ISO 14496-12)
    assert struct.unpack_from(">HH", data, size) == (192, 108)
    struct.pack_into(">HH", data, size, 16, 8)
    clip.write_bytes(data)
    with pytest.raises(LimitExceeded, match=r"192x108 pixels"):
        build_table(clip, LimitsSettings(max_megapixels=0.02))


@pytest.mark.parametrize("limits", [None, LimitsSettings()])
def test_an_animated_webp_is_refused_by_name(tmp_path: Path, limits: LimitsSettings | None) -> None:
    path = tmp_path / "a.webp"
    with av.open(str(path), "w", format="webp") as out:
        stream = out.add_stream("libwebp_anim", 10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in (0, 128, 255):
            grey = np.full((48, 64, 3), shade, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(VideoUnreadable, match="an animated WebP is not read"):
        build_table(path, limits)


@pytest.mark.parametrize("ending", ["png", "jpg", "jpeg", "bmp", "tiff", "webp"])
def test_pictures_of_every_kind_have_a_size(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 256, (400, 300, 3), np.uint8))
    check_size(path, LimitsSettings(max_megapixels=0.12))
    with pytest.raises(LimitExceeded):
        check_size(path, LimitsSettings(max_megapixels=0.11))


def test_hours_are_those_of_the_dub_too() -> None:
    check_hours("the dub", 86_400.0, LimitsSettings())
    with pytest.raises(LimitExceeded, match=r"the dub lasts 24\.1 h"):
        check_hours("the dub", 86_760.0, LimitsSettings())


@pytest.mark.parametrize(
    "word", ["max_megapixels=0", "max_hours=-1", "memory_gb=0.1", "cpu_s=0", "file_gb=0"]
)
def test_limits_that_nothing_can_keep_are_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=f"limits.{word.partition('=')[0]}="):
        load_config(["video=a.mp4", "audio=b.wav", f"limits.{word}"])
