"""What is measured: the product of the axes that the command line names."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

SIZES = {"480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080), "2160p": (3840, 2160)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A clip and how it is encoded: what the transcode and all dubs of one comparison have in common."""

    size: tuple[int, int] | None  # None: the video as it is, whatever the other axes say of it
    face: float | None  # height of the face over that of the picture; None: the clip scaled to fit
    seconds: float
    preset: str

    @property
    def name(self) -> str:
        """Fit for a file."""
        size = "source" if self.size is None else "x".join(str(side) for side in self.size)
        face = "fit" if self.face is None else f"{100 * self.face:g}"
        return f"{size}-{face}-{self.seconds:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How a case is dubbed."""

    workers: int | None  # of Ray; None: in one process
    cache: str  # "cold", "warm", "second language"

    @property
    def name(self) -> str:
        """As the table has it."""
        if self.workers is None:
            return "dub, one process"
        return f"dub, Ray, {self.workers} worker{'s' if self.workers > 1 else ''}"

    @property
    def words(self) -> tuple[str, ...]:
        """Options of the dub."""
        return ("ray.cluster=none",) if self.workers is None else (f"ray.workers={self.workers}",)


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """Every case once: a source that is taken as it is has neither a face to scale nor a length to choose."""
    seen = set()
    for size, face, seconds, preset in product(
        options.sizes, options.faces, options.seconds, options.presets
    ):
        known = size is None
        case = Case(size=size, face=None if known else face, seconds=0.0 if known else seconds, preset=preset)
        if case not in seen:
            seen.add(case)
            yield case


def variants(options: argparse.Namespace) -> list[Variant]:
    """In the order of their turns."""
    return [
        Variant(workers=workers, cache=cache) for workers, cache in product(options.workers, options.cache)
    ]


def add_axes(parser: argparse.ArgumentParser) -> None:
    """The options whose product is measured."""
    axis = parser.add_argument_group("axes, each with one or more values")
    axis.add_argument(
        "--sizes", nargs="+", type=_size, default=[SIZES["720p"]], help=f"{', '.join(SIZES)}, WxH, source"
    )
    axis.add_argument(
        "--faces", nargs="+", type=_face, default=[None], help="height of the face, %% of the picture's; fit"
    )
    axis.add_argument("--seconds", nargs="+", type=float, default=[10.0], help="lengths, such as 10 60 600")
    axis.add_argument("--presets", nargs="+", default=["medium"], help="of x264: medium, veryfast ...")
    axis.add_argument("--workers", nargs="+", type=_workers, default=[None], help="none, or Ray's: 1 2")
    axis.add_argument("--cache", nargs="+", type=_cache, default=["cold"], help="cold, warm, second")


def _size(text: str) -> tuple[int, int] | None:
    if text == "source":
        return None
    if text in SIZES:
        return SIZES[text]
    width, height = (int(side) for side in text.split("x"))
    if width % 2 or height % 2:
        raise ValueError(text)
    return width, height


def _face(text: str) -> float | None:
    return None if text == "fit" else float(text.removesuffix("%")) / 100


def _workers(text: str) -> int | None:
    return None if text == "none" else int(text)


def _cache(text: str) -> str:
    known = {"cold": "cold", "warm": "warm", "second": "second language"}
    if text not in known:
        raise ValueError(text)
    return known[text]
