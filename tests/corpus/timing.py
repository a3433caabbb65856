"""Times that are missing, repeated, torn, far away or turn back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import FRAMES, Kind, Stock, move, remuxed, write_clip

_OPEN = {"g": "6", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}
_PLAIN = {"bf": "0"}
_B = {"g": "6", "bf": "2"}


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _rates()
    yield from _moved()
    yield from _orders()
    yield from _untimed()


def stored(kind: Kind, *, count: int = FRAMES) -> Callable[[Path, Stock], Given]:
    """A face that moves, stored as the kind says."""

    def make(folder: Path, stock: Stock) -> Given:
        return Given(video=write_clip(kind, folder / f"v.{kind.suffix}", count=count))

    return make


def _changed(
    suffix: str,
    change: Callable[[av.Packet, int], object],
    *,
    source: Kind | None = None,
    options: dict[str, str] | None = None,
) -> Callable[[Path, Stock], Given]:
    """An ordinary clip, its packets changed and stored anew."""
    kind = source or Kind(suffix="mkv", options=_PLAIN)

    def make(folder: Path, stock: Stock) -> Given:
        whole = write_clip(kind, stock.folder / f"source.{kind.suffix}")
        return Given(video=remuxed(whole, folder / f"v.{suffix}", change, options=options))

    return make


def _rates() -> Iterator[Case]:
    rows = {
        "1 frame": ("MP4 of one frame: a picture", Kind(), 1, Dubbed()),
        "2 frames": ("MP4 of two frames", Kind(), 2, Dubbed(frames=2)),
        "1 fps": ("one frame a second", Kind(rate=Fraction(1)), FRAMES, Dubbed(rate=1)),
        "0.1 fps": ("a frame each 10 seconds", Kind(rate=Fraction(1, 10)), 4, Dubbed(frames=4, rate=0.1)),
        "1000 fps": (
            "1000 frames a second",
            Kind(rate=Fraction(1000), suffix="mkv"),
            FRAMES,
            Dubbed(rate=1000),
        ),
        "23.976 fps": (
            "24000/1001 frames a second",
            Kind(rate=Fraction(24000, 1001)),
            FRAMES,
            Dubbed(rate=24000 / 1001),
        ),
        "59.94 fps": (
            "60000/1001 frames a second",
            Kind(rate=Fraction(60000, 1001)),
            FRAMES,
            Dubbed(rate=60000 / 1001),
        ),
    }
    for name, (what, kind, count, ends) in rows.items():
        yield Case(name=name, what=what, make=stored(kind, count=count), ends=ends)

    def lapse(folder: Path, stock: Stock) -> Given:
        kind = Kind(suffix="mkv", rate=Fraction(1, 5000))
        return Given(video=write_clip(kind, folder / "v.mkv", count=12), words=("sync.mode=cut_off",))

    yield Case(
        name="a frame in 5000 s",
        what="a frame each 5000 seconds, with `sync.mode=cut_off`",
        make=lapse,
        ends=Dubbed(frames=1),
    )
    gaps = (3, 4, 5, 9)
    times = tuple(number / 25 for number in range(FRAMES) if number not in gaps)
    irregular = Dubbed(frames=len(times), times=times)
    for suffix in ("mp4", "mkv", "ts"):
        make = stored(Kind(suffix=suffix, gaps=gaps))
        yield Case(
            name=f"gaps {suffix}", what=f"irregular times with gaps ({suffix})", make=make, ends=irregular
        )


def _moved() -> Iterator[Case]:
    def later(seconds: float, first: int = 0) -> Callable[[av.Packet, int], object]:
        def change(packet: av.Packet, number: int) -> None:
            if number >= first:
                ticks = round(seconds / packet.time_base)
                move(packet, ticks)

        return change

    keep = {"avoid_negative_ts": "disabled"}
    even = Dubbed()
    wrap = {"mpegts_copyts": "1", **keep}
    minute = tuple(n / 25 + 60 * (n >= 7) for n in range(FRAMES))
    rows: list[tuple[str, str, Callable[[Path, Stock], Given], Dubbed | Refused]] = [
        ("starts at 1 h mkv", "Matroska whose first frame is at 1 hour", _changed("mkv", later(3600)), even),
        (
            "starts at 1 h ts",
            "MPEG-TS whose first frame is at 1 hour",
            _changed("ts", later(3600), options=wrap),
            even,
        ),
        ("starts at 20 h mp4", "MP4 whose first frame is at 20 hours", _changed("mp4", later(72_000)), even),
        (
            "negative mp4",
            "MP4 whose times begin at -0.2 s: an edit list hides 5 frames",
            _changed("mp4", later(-0.2), options=keep),
            Dubbed(frames=9),
        ),
        (
            "wrapped ts",
            "MPEG-TS whose clock of 33 bits starts again in the middle",
            _changed("ts", later(95443.7177 - 0.25), options=wrap),
            even,
        ),
        (
            "pause of a minute",
            "a minute without frames in the middle",
            _changed("mkv", later(60, 7)),
            Dubbed(times=minute),
        ),
    ]
    for name, what, make, ends in rows:
        yield Case(name=name, what=what, make=make, ends=ends)


def _orders() -> Iterator[Case]:
    def doubled(packet: av.Packet, number: int) -> None:
        if number in (4, 9):
            ticks = round(1 / 25 / packet.time_base)
            move(packet, -ticks)

    def all_alike(packet: av.Packet, number: int) -> None:
        packet.pts = packet.dts = 0

    def headless(packet: av.Packet, number: int) -> bool:
        return number >= 3

    whole = Dubbed(
        frames=8,
        times=tuple(n / 25 for n in range(4, 12)),
        note="from the first whole picture on, at its own time",
    )
    b_frames = Kind(suffix="mkv", options=_B)
    rows: list[tuple[str, str, Callable[[Path, Stock], Given], Dubbed | Refused]] = [
        (
            "repeated times mkv",
            "Matroska, two frames with the time of the one before",
            _changed("mkv", doubled),
            Dubbed(),
        ),
        ("all times alike", "Matroska, all frames at time 0", _changed("mkv", all_alike), Dubbed()),
        (
            "open gop mp4",
            "MP4 with open groups of pictures and B-frames",
            stored(Kind(options=_OPEN)),
            Dubbed(),
        ),
        (
            "open gop ts",
            "MPEG-TS with open groups of pictures",
            stored(Kind(suffix="ts", options=_OPEN)),
            Dubbed(),
        ),
        (
            "begins between keys ts",
            "MPEG-TS that begins without a key frame",
            _changed("ts", headless, source=b_frames),
            whole,
        ),
        (
            "begins between keys mkv",
            "Matroska that begins without a key frame",
            _changed("mkv", headless, source=b_frames),
            whole,
        ),
        ("only one key", "MP4 with one key frame", stored(Kind(options={"g": "999", "bf": "3"})), Dubbed()),
        (
            "fragments",
            "fragmented MP4",
            stored(Kind(muxer={"movflags": "frag_keyframe+empty_moov"}, options={"g": "4"})),
            Dubbed(),
        ),
    ]
    for name, what, make, ends in rows:
        yield Case(name=name, what=what, make=make, ends=ends)


def _untimed() -> Iterator[Case]:
    kinds = {
        "avi": ("AVI: B-frames, and no times at all", Kind(suffix="avi", options=_B)),
        "packed avi": (
            "AVI of MPEG-4 with B-frames",
            Kind(suffix="avi", codec="mpeg4", options={"bf": "2"}, bits=9_000_000),
        ),
        "h264": ("bare H.264", Kind(suffix="h264", options=_B)),
        "h265": (
            "bare H.265",
            Kind(suffix="hevc", codec="libx265", options={"x265-params": "log-level=none"}),
        ),
        "m4v": ("bare MPEG-4", Kind(suffix="m4v", format="m4v", codec="mpeg4", bits=9_000_000)),
        "mjpg": (
            "pictures of JPEG in a row",
            Kind(suffix="mjpeg", codec="mjpeg", pix_fmt="yuvj420p", bits=9_000_000),
        ),
        "y4m": ("raw pictures in Y4M", Kind(suffix="y4m", codec="wrapped_avframe")),
        "ivf": ("VP9 in IVF", Kind(suffix="ivf", codec="libvpx-vp9", options={"cpu-used": "8"})),
    }
    for name, (what, kind) in kinds.items():
        late = tuple(number / 25 for number in range(1, FRAMES + 1)) if name == "packed avi" else None
        ends = Dubbed(times=late, note="a frame late, as players show it" if late else "")
        yield Case(name=name, what=what, make=stored(kind), ends=ends)
