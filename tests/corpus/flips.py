"""Files with bits that have turned over, as bad disks, cables and downloads leave them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import LipsyncError
from lipsync_ray.media.audio import blocks, probe_audio
from lipsync_ray.media.glance import glance_at_sound, glance_at_video
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from tests.corpus.stock import Stock

_VIDEOS = ("mp4", "mkv", "ts", "avi", "gif", "mov", "mpg", "png")
_SOUNDS = ("wav", "m4a")
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A file, some bits of which are turned over; what is turned follows from the number alone."""

    number: int

    @property
    def suffix(self) -> str:
        """What kind of file it is."""
        kinds = _VIDEOS + _SOUNDS
        return kinds[self.number % len(kinds)]

    def write(self, folder: Path, stock: Stock) -> Path:
        """The file. Every second variant has its head hit, where sizes and counts are."""
        data = bytearray(stock.small(self.suffix).read_bytes())
        choice = random.Random(self.number)
        reach = min(len(data), 600) if self.number // 10 % 2 else len(data)
        for _ in range(choice.choice((1, 4, 16, 64))):
            bit = choice.randrange(reach * 8)
            data[bit // 8] ^= 1 << bit % 8
        path = folder / f"flip{self.number}.{self.suffix}"
        path.write_bytes(data)
        return path


def flips(count: int) -> Iterator[Flip]:
    """The first variants."""
    return (Flip(number=number) for number in range(count))


def used(path: Path) -> str:
    """Look at a file, list its frames and decode them all, as a job does; returns what it ended in."""
    try:
        if path.suffix[1:] in _SOUNDS:
            glance_at_sound(path, path.name)
            probe_audio(path)
            return f"{sum(block.shape[1] for block in blocks(path))} samples"
        glance_at_video(path, path.name)
        table = build_table(path)
        with open_reader(table) as reader:
            return f"{sum(1 for _ in reader.frames(range(len(table))))} frames"
    except LipsyncError as error:
        return error.code
