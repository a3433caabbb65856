"""Files that end too early: cut after every tenth of their length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.corpus.broken import NO_MEDIA, UNREADABLE, WHAT_IS_THERE
from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import EXAMPLES, Stock

EMPTY = Refused(code=UNREADABLE, says="holds no picture")
ENDS_EARLY = Refused(code=UNREADABLE, says="is cut short: it ends at")
POINTS_ELSEWHERE = Refused(code=UNREADABLE, says="is cut short:")
_TENTHS = range(1, 10)


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    for tenth in _TENTHS:
        share = f"cut at {tenth}0 %"
        yield _cut_video("mp4", tenth, NO_MEDIA, share)
        yield _cut_video("fast.mp4", tenth, POINTS_ELSEWHERE, share)
        yield _cut_video("mkv", tenth, EMPTY if tenth < 3 else ENDS_EARLY, share)
        yield _cut_video("ts", tenth, WHAT_IS_THERE, share)
        yield _cut_picture(tenth, share)
        yield _cut_sound(tenth, share)


def _cut_video(suffix: str, tenth: int, ends: Dubbed | Refused, share: str) -> Case:
    def make(folder: Path, stock: Stock) -> Given:
        whole = stock.slow(suffix).read_bytes()
        path = folder / f"video.{suffix}"
        path.write_bytes(whole[: len(whole) * tenth // 10])
        return Given(video=path)

    kind = {
        "mp4": "MP4, index at its end",
        "fast.mp4": "MP4, index first",
        "mkv": "Matroska",
        "ts": "MPEG-TS",
    }
    return Case(name=f"cut {suffix} {tenth}", what=f"{kind[suffix]}, {share}", make=make, ends=ends)


def _cut_picture(tenth: int, share: str) -> Case:
    def make(folder: Path, stock: Stock) -> Given:
        whole = (EXAMPLES / "portrait.png").read_bytes()
        path = folder / "video.png"
        path.write_bytes(whole[: len(whole) * tenth // 10])
        return Given(video=path)

    ends = Refused(code=UNREADABLE, says="damaged or cut short")
    return Case(name=f"cut png {tenth}", what=f"PNG, {share}", make=make, ends=ends)


def _cut_sound(tenth: int, share: str) -> Case:
    def make(folder: Path, stock: Stock) -> Given:
        whole = stock.speech.read_bytes()
        path = folder / "sound.wav"
        path.write_bytes(whole[: len(whole) * tenth // 10])
        return Given(audio=path)

    return Case(name=f"cut wav {tenth}", what=f"WAV, {share}", make=make, ends=Dubbed(says="is cut short"))
