"""How it is seen: hidden, at the border, turned, dark, blurred, cut, drawn or of stone."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from tests.corpus.case import Case, Dubbed, Refused
from tests.corpus.contents import LIKE, NONE, UNUSABLE, Change, head, placed, shown, street
from tests.corpus.stock import FRAMES, fitted, portrait


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _hidden()
    yield from _light()
    yield from _not_alive()


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
        (
            "hand over the mouth",
            "something of the colour of skin over the mouth for six frames",
            hand,
            Dubbed(kept=12, note="three frames before and after are left alone as well"),
        ),
        ("red glove", "likewise, redder than the face", glove, Dubbed(kept=12)),
        (
            "red fingers",
            "likewise, but only half of the mouth is covered",
            spread,
            Dubbed(note="a known limit: a mouth is drawn over the fingers"),
        ),
        ("mask", "a blue mask over mouth and nose", mask, UNUSABLE),
        ("black bar", "the lower half of the picture is black", bar, UNUSABLE),
        (
            "left border",
            "a face cut by the left border",
            lambda n, p: placed(street(p), head(240), -70, 0),
            Dubbed(),
        ),
        (
            "lower border",
            "a face cut by the lower border below its nose",
            lambda n, p: placed(street(p), head(200), 60, 130),
            Dubbed(note="nothing of the mouth is in the picture, and nothing changes"),
        ),
        (
            "touches borders",
            "a face that touches all borders",
            lambda n, p: fitted(portrait()[20:280, 90:330], 320, 240),
            Dubbed(),
        ),
        ("upside down", "a face upside down, and no tag that says so", lambda n, p: p[::-1, ::-1], NONE),
        (
            "lying",
            "a face lying on its side",
            lambda n, p: placed(street(p), np.rot90(head(200)), 60, 20),
            Dubbed(),
        ),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=shown(change), ends=ends)


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

    def smeared(n: int, p: np.ndarray) -> np.ndarray:
        return cv2.blur(p, (41, 1))

    def graded(p: np.ndarray, gain: float, lift: float = 0) -> np.ndarray:
        return np.clip(p * gain + lift, 0, 255).astype(np.uint8)

    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("black", "black frames only", lambda n, p: np.zeros_like(p), NONE),
        ("white", "white frames only", lambda n, p: np.full_like(p, 255), NONE),
        (
            "noise only",
            "noise only",
            lambda n, p: np.random.default_rng(n).integers(0, 256, p.shape, np.uint8),
            NONE,
        ),
        (
            "black between",
            "a black frame in every four",
            lambda n, p: p * np.uint8(n % 4 != 3),
            Dubbed(kept=3),
        ),
        (
            "flashes",
            "a white frame in every five",
            lambda n, p: p if n % 5 != 3 else np.full_like(p, 255),
            Dubbed(kept=3),
        ),
        ("dark", "a twentieth of the light", lambda n, p: graded(p, 0.05), Dubbed()),
        ("overexposed", "four times the light", lambda n, p: graded(p, 4), NONE),
        ("fades in", "from black to light", lambda n, p: graded(p, n / FRAMES), Dubbed(kept=None)),
        ("motion blur", "blurred over 41 columns", smeared, NONE),
        ("out of focus", "out of focus", lambda n, p: cv2.GaussianBlur(p, (0, 0), 8), NONE),
        (
            "grainy",
            "very grainy",
            lambda n, p: np.clip(p + np.random.default_rng(n).normal(0, 25, p.shape), 0, 255).astype(
                np.uint8
            ),
            Dubbed(kept=None),
        ),
        (
            "strobe",
            "light that changes with every frame",
            lambda n, p: graded(p, 0.4 + 0.6 * (n % 2)),
            Dubbed(),
        ),
        ("negative", "colours inverted", lambda n, p: 255 - p, UNUSABLE),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=shown(change), ends=ends)

    def cuts(n: int, p: np.ndarray) -> np.ndarray:
        views = (p, placed(street(p), head(150), 150, 50), p[:, ::-1])
        return np.ascontiguousarray(views[n // 5 % 3])

    def slow_cuts(n: int, p: np.ndarray) -> np.ndarray:
        return cuts(n // 5, p)

    yield Case(
        name="cut every second",
        what="a cut each second, three shots",
        make=shown(slow_cuts, 75),
        ends=Dubbed(frames=75),
    )
    yield Case(
        name="many cuts",
        what="a cut each fifth of a second",
        make=shown(cuts, 28),
        ends=Dubbed(frames=28, kept=None),
    )


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
        flat = cv2.bilateralFilter(np.ascontiguousarray(p), 9, 60, 9) // 48 * 48 + 24
        edges = cv2.Canny(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), 80, 160)
        return np.where(edges[..., None] > 0, 0, flat).astype(np.uint8)

    def statue(n: int, p: np.ndarray) -> np.ndarray:
        grey = cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
        return np.repeat((grey * 0.5 + 90).astype(np.uint8)[..., None], 3, 2)

    def photo(n: int, p: np.ndarray) -> np.ndarray:
        scene = street(p)
        cv2.rectangle(scene, (95, 15), (225, 145), (250, 250, 245), -1)
        return placed(scene, head(110), 105, 25)

    back = _back_of_head
    rows: list[tuple[str, str, Change, Dubbed | Refused]] = [
        ("cartoon", "a drawn face: disc, eyes, mouth", cartoon, Dubbed(kept=None, note=LIKE)),
        ("comic", "a face as in a comic", comic, Dubbed(note=LIKE)),
        ("statue", "a grey face of stone", statue, Dubbed(note=LIKE)),
        (
            "photo on a wall",
            "a photo on a wall that nobody stands before",
            photo,
            Dubbed(note="whatever is like a face is one; `face.select` chooses"),
        ),
        ("back of the head", "hair where a face would be", back, NONE),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=shown(change), ends=ends)


def _back_of_head(n: int, p: np.ndarray) -> np.ndarray:
    """The portrait's hair drawn over its face."""
    out = p.copy()
    hair = cv2.resize(p[20:60, 110:190], (110, 130))
    return placed(out, hair, 95, 55)
