"""The clips of the cases: a real person talking, of a size, a face's height and a length."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from benchmarks.clips import encode, frames_of, looped_video, repeated
from benchmarks.speed.cases import Case
from lipsync_ray.faces.scan import scan
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config

_GRAIN = 1.0  # standard deviation of the background's noise, of 255: what a camera in good light leaves
_FOUND = 0.08  # of the picture's height: smaller faces are only found in a box


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Where the largest face of a clip is, as medians over its frames; px of the clip."""

    x: float  # of its middle
    y: float
    height: float  # from the forehead to the chin, as the mesh has them
    picture: tuple[int, int]  # width and height of the picture

    def share(self, case: Case) -> float:
        """Of the height of the picture that ``make_clip`` makes."""
        if case.face is not None:
            return case.face
        width, height = case.size or self.picture
        return self.height * min(width / self.picture[0], height / self.picture[1]) / height


def find_face(video: Path) -> Face:
    """Look at every frame with the project's own detector."""
    config, table = load_config(["video=none"]), build_table(video)
    with tempfile.TemporaryDirectory() as name:
        light = scan(table, Path(name), config.face, weights=config.weights.store("any")).light()
    if not len(light):
        raise SystemExit(f"no face in {video}")
    face = np.bincount(light.face, weights=light.size).argmax()
    x0, y0, x1, y1 = np.median(light.box[light.face == face], axis=0).tolist()
    return Face(
        x=(x0 + x1) / 2, y=(y0 + y1) / 2, height=y1 - y0, picture=(table.video.width, table.video.height)
    )


def make_clip(source: Path, face: Face, out: Path, case: Case) -> Path:
    """Write the clip of a case; ``source``, with its ``face``, where the case takes it as it is."""
    if case.size is None:
        return source
    width, height = case.size
    if case.face is None:
        return looped_video(source, out, width=width, height=height, seconds=case.seconds)
    once = out.with_suffix(".once.mp4")
    encode(once, _placed(source, face, case.face, width, height), width=width, height=height)
    repeated(once, out, seconds=case.seconds)
    once.unlink()
    return out


def finding(face: Face, case: Case) -> tuple[str, ...]:
    """Options without which the face of a case is too small to be found, or to be drawn."""
    if case.size is None or case.face is None or case.face >= _FOUND:
        return ()
    x0, y0, w, h = _place(face, case.face, *case.size)
    box = (max(0, x0), max(0, y0), min(case.size[0], x0 + w), min(case.size[1], y0 + h))
    return ("face.select=box", f"face.box=[{','.join(str(side) for side in box)}]", "face.min_size=16")


def _place(face: Face, share: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of the clip in a picture, so that its face has its share of the height and
    is as near to the middle as can be without showing more of the background; all even."""
    scale = share * height / face.height
    w, h = (max(2, int(side * scale) // 2 * 2) for side in face.picture)
    return _start(width, w, face.x * scale), _start(height, h, face.y * scale), w, h


def _placed(source: Path, face: Face, share: float, width: int, height: int) -> Iterator[av.VideoFrame]:
    left, top, w, h = _place(face, share, width, height)
    for frame, canvas in zip(frames_of(source), _backgrounds(width, height), strict=False):
        planes = frame.reformat(w, h, format="yuv420p").to_ndarray()
        _paste(canvas[:height], planes[:h], left, top)
        there = canvas[height:].reshape(2, height // 2, width // 2)
        here = planes[h:].reshape(2, h // 2, w // 2)
        for plane in range(2):
            _paste(there[plane], here[plane], left // 2, top // 2)
        yield av.VideoFrame.from_ndarray(canvas, format="yuv420p")


def _start(room: int, length: int, middle: float) -> int:
    """Where a stretch begins, so that its ``middle`` is in the middle of ``room``; even."""
    least, most = min(0, room - length), max(0, room - length)
    return int(np.clip(room / 2 - middle, least, most)) // 2 * 2


def _paste(canvas: np.ndarray, picture: np.ndarray, left: int, top: int) -> None:
    rows, columns = canvas.shape
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(rows, top + picture.shape[0]), min(columns, left + picture.shape[1])
    canvas[y0:y1, x0:x1] = picture[y0 - top : y1 - top, x0 - left : x1 - left]


def _backgrounds(width: int, height: int) -> Iterator[np.ndarray]:
    """Canvases ``uint8[height*3/2,width]``: a still texture as rough as pictures are, with a camera's grain.

    A plain colour would cost an encoder nothing, and make a transcode look cheaper than any real one.
    """
    rng = np.random.default_rng(0)
    luma = 110 + 30 * _texture(rng, height, width)
    chroma = np.concatenate([128 + 8 * _texture(rng, height // 2, width // 2) for _ in range(2)])
    grain = rng.normal(0, _GRAIN, (height, width)).astype(np.float32)
    while True:
        shift = (int(rng.integers(height)), int(rng.integers(width)))
        canvas = np.empty((height * 3 // 2, width), np.uint8)
        canvas[:height] = np.clip(luma + np.roll(grain, shift, (0, 1)), 16, 235)
        canvas[height:] = chroma.reshape(height // 2, width)
        yield canvas


def _texture(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Noise ``float32[rows,columns]`` of variance 1 that is weaker the finer, as photographs are."""
    y, x = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None]
    radius = np.maximum(np.hypot(x, y), 1 / max(rows, columns))
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(rows, columns))) / radius**1.2, (rows, columns))
    return ((field - field.mean()) / field.std()).astype(np.float32)
