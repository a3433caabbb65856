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
    yield from _hidden()
    yield from _light()
    yield from _not_alive()
    yield from _real()


def _shown(change: Change, count: int = FRAMES, size: tuple[int, int] = (320, 240)) -> Callable[[Path, Stock], Given]:
    """The face that moves, each picture changed."""

    def make(folder: Path, stock: Stock) -> Given:
        kind = Kind(size=size, options={"g": "5"})
        pictures = ((n, np.ascontiguousarray(change(n, p))) for n, p in moving(kind, count))
        return Given(video=write_clip(kind, folder / "v.mp4", pictures, count=count))

    return make


def _street(picture: np.ndarray) -> np.ndarray:
    """A picture without anybody: gradients and a few edges."""
    height, width = picture.shape[:2]
    ramp = np.linspace(60, 190, width)[None, :, None] * np.linspace(1, 0.6, height)[:, None, None]
    scene = np.repeat(ramp, 3, axis=2).astype(np.uint8)
    cv2.rectangle(scene, (30, 60), (110, 200), (120, 90, 70), -1)
    cv2.rectangle(scene, (180, 100), (290, 230), (70, 90, 120), -1)
    return scene


def _placed(scene: np.ndarray, face: np.ndarray, x: int, y: int) -> np.ndarray:
    """A picture in a scene; what sticks out is cut off."""
    out, (height, width) = scene.copy(), face.shape[:2]
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(out.shape[1], x + width), min(out.shape[0], y + height)
    if x0 < x1 and y0 < y1:
        out[y0:y1, x0:x1] = face[y0 - y : y1 - y, x0 - x : x1 - x]
    return out


def _head(size: int) -> np.ndarray:
    return cv2.resize(portrait()[10:210, 125:325], (size, size), interpolation=cv2.INTER_AREA)


def _coming_and_going() -> Iterator[Case]:
    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("nobody", "nobody", lambda n, p: _street(p), NONE),
        ("one frame of a face", "a face in one frame only", lambda n, p: p if n == 6 else _street(p), Dubbed(kept=13)),
        ("first frame only", "a face in the first frame only", lambda n, p: p if n == 0 else _street(p), Dubbed(kept=13)),
        ("last frame only", "a face in the last frame only", lambda n, p: p if n == FRAMES - 1 else _street(p), Dubbed(kept=13)),
        ("leaves and enters", "a face that leaves and comes back", lambda n, p: _street(p) if 4 <= n < 10 else p, Dubbed(kept=6)),
        ("walks through", "a face that walks through the picture", lambda n, p: _placed(_street(p), _head(150), 40 * n - 180, 60), Dubbed(kept=None)),
        ("every second frame", "a face in every second frame", lambda n, p: p if n % 2 else _street(p), Dubbed(kept=7)),
        ("grows", "a face that comes near", lambda n, p: _placed(_street(p), _head(60 + 12 * n), 160 - (30 + 6 * n), 10), Dubbed(kept=None)),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=_shown(change), ends=ends)


def _several() -> Iterator[Case]:
    def crowd(n: int, p: np.ndarray) -> np.ndarray:
        scene = _street(p)
        for row in range(2):
            for column in range(4):
                scene = _placed(scene, _head(76), 2 + 80 * column + n % 3, 10 + 110 * row)
        return scene

    def twins(n: int, p: np.ndarray) -> np.ndarray:
        half = fitted(p, 160, 240)
        return np.hstack([half, half[:, ::-1]])

    def split(n: int, p: np.ndarray) -> np.ndarray:
        half = fitted(p, 160, 240)
        return np.hstack([half, fitted(_street(p), 160, 240)])

    def quarters(n: int, p: np.ndarray) -> np.ndarray:
        part = fitted(p, 160, 120)
        return np.vstack([np.hstack([part, part]), np.hstack([part, part])])

    def inset(n: int, p: np.ndarray) -> np.ndarray:
        return _placed(_street(p), _head(120), 195, 115)

    def swapped(n: int, p: np.ndarray) -> np.ndarray:
        return _placed(_street(p), _head(120), 10 if n < 7 else 190, 60)

    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("crowd", "eight small faces", crowd, UNUSABLE),
        ("twins", "the same face twice, mirrored", twins, Dubbed(note="one of them")),
        ("split screen", "a face in the left half, something else in the right", split, Dubbed()),
        ("four quarters", "the same face four times", quarters, Dubbed(note="one of them")),
        ("inset", "a small face in the corner", inset, Dubbed()),
        ("jumps", "a face that jumps to the other side", swapped, Dubbed()),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=_shown(change), ends=ends)


def _hidden() -> Iterator[Case]:

    def hand(n: int, p: np.ndarray) -> np.ndarray:
        skin = p[100:115, 125:135].mean((0, 1))  # of a cheek
        return _fingers(p, tuple(skin)) if 4 <= n < 10 else p

    def glove(n: int, p: np.ndarray) -> np.ndarray:
        return _fingers(p, (205, 150, 125)) if 4 <= n < 10 else p

    def spread(n: int, p: np.ndarray) -> np.ndarray:
        return _spread_fingers(p, (205, 150, 125)) if 4 <= n < 10 else p

    def mask(n: int, p: np.ndarray) -> np.ndarray:
        out = p.copy()
        cv2.rectangle(out, (105, 120), (190, 180), (40, 90, 160), -1)
        return out

    def bar(n: int, p: np.ndarray) -> np.ndarray:
        out = p.copy()
        out[125:, :] = 0
        return out

    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("hand over the mouth", "something of the colour of skin over the mouth for six frames", hand, Dubbed(kept=12, note="three frames before and after are left alone as well")),
        ("red glove", "likewise, redder than the face", glove, Dubbed(kept=12)),
        ("red fingers", "likewise, but only half of the mouth is covered", spread, Dubbed(note="a known limit: a mouth is drawn over the fingers")),
        ("mask", "a blue mask over mouth and nose", mask, UNUSABLE),
        ("black bar", "the lower half of the picture is black", bar, UNUSABLE),
        ("left border", "a face cut by the left border", lambda n, p: _placed(_street(p), _head(240), -70, 0), Dubbed()),
        ("lower border", "a face cut by the lower border below its nose", lambda n, p: _placed(_street(p), _head(200), 60, 130), Dubbed(note="nothing of the mouth is in the picture, and nothing changes")),
        ("touches borders", "a face that touches all borders", lambda n, p: fitted(portrait()[20:280, 90:330], 320, 240), Dubbed()),
        ("upside down", "a face upside down, and no tag that says so", lambda n, p: p[::-1, ::-1], NONE),
        ("lying", "a face lying on its side", lambda n, p: _placed(_street(p), np.rot90(_head(200)), 60, 20), Dubbed()),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=_shown(change), ends=ends)


def _fingers(picture: np.ndarray, skin: tuple[float, ...]) -> np.ndarray:
    """Fingers of a colour over the mouth."""
    out = picture.copy()
    for finger in range(5):
        cv2.ellipse(out, (122 + 14 * finger, 150), (9, 40), 0, 0, 360, skin, -1)
    return out


def _spread_fingers(picture: np.ndarray, skin: tuple[float, ...]) -> np.ndarray:
    """Fewer, with the corners of the mouth between them."""
    out = picture.copy()
    for finger in range(4):
        cv2.ellipse(out, (126 + 14 * finger, 150), (8, 40), 0, 0, 360, skin, -1)
    return out


def _light() -> Iterator[Case]:
    noise = np.random.default_rng(9)

    def smeared(n: int, p: np.ndarray) -> np.ndarray:
        return cv2.blur(p, (41, 1))

    def graded(p: np.ndarray, gain: float, lift: float = 0) -> np.ndarray:
        return np.clip(p * gain + lift, 0, 255).astype(np.uint8)

    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("black", "black frames only", lambda n, p: np.zeros_like(p), NONE),
        ("white", "white frames only", lambda n, p: np.full_like(p, 255), NONE),
        ("noise only", "noise only", lambda n, p: noise.integers(0, 256, p.shape, np.uint8), NONE),
        ("black between", "a black frame in every four", lambda n, p: p * np.uint8(n % 4 != 3), Dubbed(kept=3)),
        ("flashes", "a white frame in every five", lambda n, p: p if n % 5 != 3 else np.full_like(p, 255), Dubbed(kept=3)),
        ("dark", "a twentieth of the light", lambda n, p: graded(p, 0.05), Dubbed()),
        ("overexposed", "four times the light", lambda n, p: graded(p, 4), NONE),
        ("fades in", "from black to light", lambda n, p: graded(p, n / FRAMES), Dubbed(kept=None)),
        ("motion blur", "blurred over 41 columns", smeared, NONE),
        ("out of focus", "out of focus", lambda n, p: cv2.GaussianBlur(p, (0, 0), 8), NONE),
        ("grainy", "very grainy", lambda n, p: np.clip(p + noise.normal(0, 40, p.shape), 0, 255).astype(np.uint8), Dubbed(kept=None)),
        ("strobe", "light that changes with every frame", lambda n, p: graded(p, 0.4 + 0.6 * (n % 2)), Dubbed()),
        ("negative", "colours inverted", lambda n, p: 255 - p, UNUSABLE),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=_shown(change), ends=ends)

    def cuts(n: int, p: np.ndarray) -> np.ndarray:
        views = (p, _placed(_street(p), _head(150), 150, 50), p[:, ::-1])
        return np.ascontiguousarray(views[n // 5 % 3])

    def slow_cuts(n: int, p: np.ndarray) -> np.ndarray:
        return cuts(n // 5, p)

    yield Case(name="cut every second", what="a cut each second, three shots", make=_shown(slow_cuts, 75), ends=Dubbed(frames=75))
    yield Case(name="many cuts", what="a cut each fifth of a second", make=_shown(cuts, 28), ends=Dubbed(frames=28, kept=None))


def _not_alive() -> Iterator[Case]:
    def cartoon(n: int, p: np.ndarray) -> np.ndarray:
        scene = np.full_like(p, (120, 180, 230))
        cv2.ellipse(scene, (160, 120), (70, 90), 0, 0, 360, (250, 215, 60), -1)
        for x in (132, 188):
            cv2.circle(scene, (x, 95), 12, (255, 255, 255), -1)
            cv2.circle(scene, (x, 95), 5, (0, 0, 0), -1)
        cv2.ellipse(scene, (160, 155), (35, 12 + n % 3), 0, 0, 180, (160, 30, 30), -1)
        return scene

    def comic(n: int, p: np.ndarray) -> np.ndarray:
        flat = cv2.pyrMeanShiftFiltering(np.ascontiguousarray(p), 12, 40) // 48 * 48 + 24
        edges = cv2.Canny(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), 80, 160)
        return np.where(edges[..., None] > 0, 0, flat).astype(np.uint8)

    def statue(n: int, p: np.ndarray) -> np.ndarray:
        grey = cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
        return np.repeat((grey * 0.5 + 90).astype(np.uint8)[..., None], 3, 2)

    def photo(n: int, p: np.ndarray) -> np.ndarray:
        scene = _street(p)
        cv2.rectangle(scene, (95, 15), (225, 145), (250, 250, 245), -1)
        return _placed(scene, _head(110), 105, 25)

    back = _back_of_head
    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("cartoon", "a drawn face: disc, eyes, mouth", cartoon, Dubbed(kept=None, note=LIKE)),
        ("comic", "a face as in a comic", comic, Dubbed(note=LIKE)),
        ("statue", "a grey face of stone", statue, Dubbed(note=LIKE)),
        ("photo on a wall", "a photo on a wall that nobody stands before", photo, Dubbed(note="whatever is like a face is one; `face.select` chooses")),
        ("back of the head", "hair where a face would be", back, NONE),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=_shown(change), ends=ends)


def _back_of_head(n: int, p: np.ndarray) -> np.ndarray:
    """The portrait's hair drawn over its face."""
    out = p.copy()
    hair = cv2.resize(p[20:60, 110:190], (110, 130))
    return _placed(out, hair, 95, 55)


def _real() -> Iterator[Case]:
    """A few frames of real clips."""

    def cut(name: str, count: int, change: Change) -> Callable[[Path, Stock], Given]:
        def make(folder: Path, stock: Stock) -> Given:
            assert stock.clips is not None
            with av.open(str(stock.clips / _REAL[name])) as given:
                frames = [f.to_ndarray(format="rgb24") for f, _ in zip(given.decode(video=0), range(count), strict=False)]
            pictures = [(n, np.ascontiguousarray(change(n, picture))) for n, picture in enumerate(frames)]
            height, width = pictures[0][1].shape[:2]
            kind = Kind(size=(width, height), rate=Fraction(25))
            return Given(video=write_clip(kind, folder / "v.mp4", pictures, count=count))

        return make

    def half(n: int, p: np.ndarray) -> np.ndarray:
        return cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)[: p.shape[0] // 4 * 2, : p.shape[1] // 4 * 2]

    def profile(n: int, p: np.ndarray) -> np.ndarray:
        """Half of the face only, as wide as a profile."""
        small = half(n, p)
        return np.hstack([small[:, : small.shape[1] // 2], np.full_like(small[:, small.shape[1] // 2 :], 90)])

    needs = frozenset({"clips"})
    rows = [
        ("real close-up", "12 frames of a real person", cut("close-up", 12, half), Dubbed(frames=12, size=(294, 294))),
        ("real half face", "half of a real face", cut("close-up", 12, profile), Dubbed(frames=12, size=(294, 294), kept=None)),
        ("real full body", "12 frames of a real person, all of her", cut("full body", 12, half), Dubbed(frames=12, size=(540, 960))),
    ]  # fmt: skip
    for name, what, make, ends in rows:
        yield Case(name=name, what=what, make=make, ends=ends, needs=needs)
