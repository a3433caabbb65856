"""What is seen: faces that come and go, many, none, hidden, turned, drawn, dark, blurred, cut, doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import FRAMES, Kind, Stock, fitted, moving, portrait, write_clip

NONE = Refused(code="FACE_NONE", says="no face in")
UNUSABLE = Refused(code="FACE_NONE", says="no usable face in")
LIKE = "whatever is like a face is one"
_REAL = {"close-up": "talk_closeup_590.mp4", "full body": "talk_fullbody_1080x1920_hevc.mp4"}

Change = Callable[[int, np.ndarray], np.ndarray]


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _coming_and_going()
    yield from _several()
    yield from _real()


def shown(
    change: Change, count: int = FRAMES, size: tuple[int, int] = (320, 240)
) -> Callable[[Path, Stock], Given]:
    """The face that moves, each picture changed."""

    def make(folder: Path, stock: Stock) -> Given:
        kind = Kind(size=size, options={"g": "5"})
        pictures = ((n, np.ascontiguousarray(change(n, p))) for n, p in moving(kind, count))
        return Given(video=write_clip(kind, folder / "v.mp4", pictures, count=count))

    return make


def street(picture: np.ndarray) -> np.ndarray:
    """A picture without anybody: gradients and a few edges."""
    height, width = picture.shape[:2]
    ramp = np.linspace(60, 190, width)[None, :, None] * np.linspace(1, 0.6, height)[:, None, None]
    scene = np.repeat(ramp, 3, axis=2).astype(np.uint8)
    cv2.rectangle(scene, (30, 60), (110, 200), (120, 90, 70), -1)
    cv2.rectangle(scene, (180, 100), (290, 230), (70, 90, 120), -1)
    return scene


def placed(scene: np.ndarray, face: np.ndarray, x: int, y: int) -> np.ndarray:
    """A picture in a scene; what sticks out is cut off."""
    out, (height, width) = scene.copy(), face.shape[:2]
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(out.shape[1], x + width), min(out.shape[0], y + height)
    if x0 < x1 and y0 < y1:
        out[y0:y1, x0:x1] = face[y0 - y : y1 - y, x0 - x : x1 - x]
    return out


def head(size: int) -> np.ndarray:
    return cv2.resize(portrait()[10:210, 125:325], (size, size), interpolation=cv2.INTER_AREA)


def _coming_and_going() -> Iterator[Case]:
    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("nobody", "nobody", lambda n, p: street(p), NONE),
        (
            "one frame of a face",
            "a face in one frame only",
            lambda n, p: p if n == 6 else street(p),
            Dubbed(kept=13),
        ),
        (
            "first frame only",
            "a face in the first frame only",
            lambda n, p: p if n == 0 else street(p),
            Dubbed(kept=13),
        ),
        (
            "last frame only",
            "a face in the last frame only",
            lambda n, p: p if n == FRAMES - 1 else street(p),
            Dubbed(kept=13),
        ),
        (
            "leaves and enters",
            "a face that leaves and comes back",
            lambda n, p: street(p) if 4 <= n < 10 else p,
            Dubbed(kept=6),
        ),
        (
            "walks through",
            "a face that walks through the picture",
            lambda n, p: placed(street(p), head(150), 40 * n - 180, 60),
            Dubbed(kept=None),
        ),
        (
            "every second frame",
            "a face in every second frame",
            lambda n, p: p if n % 2 else street(p),
            Dubbed(kept=7),
        ),
        (
            "grows",
            "a face that comes near",
            lambda n, p: placed(street(p), head(60 + 12 * n), 160 - (30 + 6 * n), 10),
            Dubbed(kept=None),
        ),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=shown(change), ends=ends)


def _several() -> Iterator[Case]:
    def crowd(n: int, p: np.ndarray) -> np.ndarray:
        scene = street(p)
        for row in range(2):
            for column in range(4):
                scene = placed(scene, head(76), 2 + 80 * column + n % 3, 10 + 110 * row)
        return scene

    def twins(n: int, p: np.ndarray) -> np.ndarray:
        half = fitted(p, 160, 240)
        return np.hstack([half, half[:, ::-1]])

    def split(n: int, p: np.ndarray) -> np.ndarray:
        half = fitted(p, 160, 240)
        return np.hstack([half, fitted(street(p), 160, 240)])

    def quarters(n: int, p: np.ndarray) -> np.ndarray:
        part = fitted(p, 160, 120)
        return np.vstack([np.hstack([part, part]), np.hstack([part, part])])

    def inset(n: int, p: np.ndarray) -> np.ndarray:
        return placed(street(p), head(120), 195, 115)

    def swapped(n: int, p: np.ndarray) -> np.ndarray:
        return placed(street(p), head(120), 10 if n < 7 else 190, 60)

    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("crowd", "eight small faces", crowd, UNUSABLE),
        ("twins", "the same face twice, mirrored", twins, Dubbed(note="one of them")),
        ("split screen", "a face in the left half, something else in the right", split, Dubbed()),
        ("four quarters", "the same face four times", quarters, Dubbed(note="one of them")),
        ("inset", "a small face in the corner", inset, Dubbed()),
        ("jumps", "a face that jumps to the other side", swapped, Dubbed()),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=shown(change), ends=ends)


def _real() -> Iterator[Case]:
    """A few frames of real clips."""

    def cut(name: str, count: int, change: Change) -> Callable[[Path, Stock], Given]:
        def make(folder: Path, stock: Stock) -> Given:
            assert stock.clips is not None
            with av.open(str(stock.clips / _REAL[name])) as given:
                frames = [
                    f.to_ndarray(format="rgb24")
                    for f, _ in zip(given.decode(video=0), range(count), strict=False)
                ]
            pictures = [(n, np.ascontiguousarray(change(n, picture))) for n, picture in enumerate(frames)]
            height, width = pictures[0][1].shape[:2]
            kind = Kind(size=(width, height), rate=Fraction(25))
            return Given(video=write_clip(kind, folder / "v.mp4", pictures, count=count))

        return make

    def half(n: int, p: np.ndarray) -> np.ndarray:
        return cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)[
            : p.shape[0] // 4 * 2, : p.shape[1] // 4 * 2
        ]

    def profile(n: int, p: np.ndarray) -> np.ndarray:
        """Half of the face only, as wide as a profile."""
        small = half(n, p)
        return np.hstack([small[:, : small.shape[1] // 2], np.full_like(small[:, small.shape[1] // 2 :], 90)])

    needs = frozenset({"clips"})
    rows = [
        (
            "real close-up",
            "12 frames of a real person",
            cut("close-up", 12, half),
            Dubbed(frames=12, size=(294, 294)),
        ),
        (
            "real half face",
            "half of a real face",
            cut("close-up", 12, profile),
            Dubbed(frames=12, size=(294, 294), kept=None),
        ),
        (
            "real full body",
            "12 frames of a real person, all of her",
            cut("full body", 12, half),
            Dubbed(frames=12, size=(540, 960)),
        ),
    ]
    for name, what, make, ends in rows:
        yield Case(name=name, what=what, make=make, ends=ends, needs=needs)
