"""The scan: every face of every frame of a video, range by range."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lipsync_ray.errors import OutputUnwritable
from lipsync_ray.faces.features import MouthLook, look_at_mouth
from lipsync_ray.faces.follow import Follower, Place
from lipsync_ray.faces.models import FaceModels, fetch_models, load_models, weight_names
from lipsync_ray.faces.mouths import MOST_BYTES, MouthKeeper, mouths_path, share_of
from lipsync_ray.faces.parts import RangeNotes, make_table, open_notes, read_notes, write_part
from lipsync_ray.faces.ranges import scan_ranges, scan_tasks
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.shots import SUSPECT
from lipsync_ray.faces.signature import distance, signature
from lipsync_ray.faces.track import FaceScan, part_path
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from lipsync_ray.storage.whole import atomic_path, content_hash
from lipsync_ray.threads import Prefetch, ahead_of, decoder_share
from lipsync_ray.weights.store import WeightStore

logger = logging.getLogger(__name__)

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRange:
    """What a range has given."""

    faces: pa.Table  # see parts.py
    mouths: pa.Table | None  # their pictures, see mouths.py; None where they would take too much room


# Applies a function to every task and yields the results in any order: ``map`` does, and so can a cluster.
Mapper = Callable[
    [Callable[[list[Range]], list[ScannedRange]], Iterable[list[Range]]], Iterable[list[ScannedRange]]
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanJob:
    """What a worker needs to scan tasks of a video; small and picklable."""

    table: FrameTable
    settings: FaceSettings
    weights: WeightStore
    threads: int = 1  # that a worker may keep busy
    mouths: int = MOST_BYTES  # that the pictures of mouths may take, of the whole video

    def run(self, ranges: list[Range]) -> list[ScannedRange]:
        """Scan adjacent ranges with one pass of decoding."""
        models = load_models(self.weights, self.settings)
        first, last = ranges[0][0], ranges[-1][1]
        with (
            open_reader(self.table, threads=decoder_share(self.threads)) as reader,
            Prefetch(reader.frames(range(first, last)), ahead_of(self.threads)) as frames,
        ):
            return [self.scan(frames, wanted, models) for wanted in ranges]

    def scan(self, frames: Iterator[Frame], wanted: Range, models: FaceModels) -> ScannedRange:
        """Take the frames of a range off the iterator and scan them."""
        start, stop = wanted
        mouths = MouthKeeper(share_of(self.mouths, wanted, len(self.table)))
        faces = scan_frames(frames, start, stop, self.settings, models, mouths)
        return ScannedRange(faces=faces, mouths=mouths.table())


def scan(
    table: FrameTable,
    folder: Path,
    settings: FaceSettings,
    *,
    weights: WeightStore,
    mapper: Mapper = map,
    content: str | None = None,
    on_part: Callable[[int, int], Any] | None = None,
) -> FaceScan:
    """Scan what is not yet in the cache, and open the whole.

    Args:
        table: the video's frames.
        folder: cache for scans; each gets a folder in it, see ``scan_name``.
        settings: how faces are found.
        weights: where the models are.
        mapper: runs ``function(ranges)`` for every task, here one after the other; results may come in
            any order. Parts are written here as they come, so an interrupted scan goes on where it was.
        content: hash of the video's bytes, if the caller has it already.
        on_part: told (frames done, frames in all) after every part.

    Raises:
        MediaError, WeightsMissing, WeightsCorrupt, LicenseRefused, DependencyMissing.
    """
    home = folder / scan_name(content or content_hash(table.path), settings, weights)
    open_home(home)
    ranges = scan_ranges(table)
    missing = [r for r in ranges if not is_there(home, r)]
    done = len(table) - sum(stop - start for start, stop in missing)
    if missing:
        fetch_models(weights, settings)  # once here, not by every worker of this machine
        logger.info("scanning %d of %d frames for faces", len(table) - done, len(table))
    job = ScanJob(table=table, settings=settings, weights=weights)
    for parts in mapper(job.run, scan_tasks(table, missing)):
        for part in parts:
            done += store_part(part, home)
            if on_part:
                on_part(done, len(table))
    return FaceScan(folder=home, ranges=tuple(ranges))


def open_home(home: Path) -> None:
    """Make the folder of a scan, for its owner alone; the cache forgets what nobody has used for days.

    Raises:
        OSError: it cannot be made.
    """
    for folder in (home.parent, home):  # missing parents are made for everybody otherwise
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.utime(home)


def scan_name(content: str, settings: FaceSettings, weights: WeightStore) -> str:
    """Name of a scan's folder: a hash of the video, the options, the models and the code that make it."""
    models = [weights.digest(name) for name in weight_names(settings)]
    return fingerprint(code_version("faces", "media"), content, settings.of_scan(), models)[:32]


def scan_range(
    table: FrameTable, start: int, stop: int, settings: FaceSettings, models: FaceModels
) -> pa.Table:
    """Scan frames ``start`` to ``stop``: one row per face and frame (see parts.py). Pure."""
    with open_reader(table, threads=1) as reader:
        return scan_frames(reader.frames(range(start, stop)), start, stop, settings, models, MouthKeeper(0))


def scan_frames(
    frames: Iterator[Frame],
    start: int,
    stop: int,
    settings: FaceSettings,
    models: FaceModels,
    mouths: MouthKeeper,
) -> pa.Table:
    """Take ``stop - start`` frames off the iterator and scan them; nothing of others matters."""
    follower = Follower(models, settings)
    rows: list[tuple[int, Place, MouthLook]] = []
    marks: list[np.ndarray] = []
    for index in range(start, stop):
        frame = next(frames)
        marks.append(signature(frame))
        cut = len(marks) > 1 and distance(marks[-2][None], marks[-1][None])[0] > SUSPECT
        for seen in follower.step(frame, cut):
            rows.append((index, seen.place(), look_at_mouth(seen.near, seen.local)))
            mouths.add(frame, seen.landmarks)
    notes = RangeNotes(start=start, stop=stop, signatures=np.array(marks), best=follower.best)
    return make_table(rows, notes)


def is_there(home: Path, wanted: Range) -> bool:
    """Whether the part of a range was written before, whole."""
    try:
        notes = open_notes(part_path(home, *wanted))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError) as error:
        logger.warning("scan part %s of %s is damaged and made anew: %s", wanted, home, error)
        return False
    return (notes.start, notes.stop) == wanted


def store_part(part: ScannedRange, home: Path) -> int:
    """Write a part to its files in the scan's folder; returns its number of frames."""
    notes = read_notes(part.faces.schema)
    if part.mouths is not None:
        _store_mouths(part.mouths, mouths_path(home, notes.start, notes.stop))
    with atomic_path(part_path(home, notes.start, notes.stop)) as path:  # last: proves the range whole
        write_part(part.faces, path)
    return notes.stop - notes.start


def _store_mouths(mouths: pa.Table, target: Path) -> None:
    """Nobody fails for want of them: they can be decoded again.

    No warning either: a disk that is full says so with what cannot be done without.
    """
    try:
        with atomic_path(target) as path:
            write_part(mouths, path)
    except (OSError, OutputUnwritable) as error:
        logger.info("the mouths of %s are not kept: %s", target, error)
