"""The faces of a video, range by range; what one job has found, the others use."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from lipsync_ray.config import Config
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.errors import LipsyncError
from lipsync_ray.faces.mouths import MOST_BYTES, PASSING_BYTES, KeptMouths, mouths_path, thin
from lipsync_ray.faces.ranges import scan_ranges
from lipsync_ray.faces.scan import Range, ScanJob, is_there, scan_name, store_part
from lipsync_ray.faces.track import FaceScan, part_path
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.places import table_here
from lipsync_ray.jobs.site import Site
from lipsync_ray.media.index import FrameTable
from lipsync_ray.storage.uri import is_remote

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSource:
    """What all tasks of a scan need to know."""

    scan: ScanJob
    config: Config
    name: str  # folder of the scan


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStep:
    """Scan adjacent ranges of frames."""

    source: Shared  # of a ScanSource
    ranges: tuple[Range, ...]

    def run(self, bench: Bench) -> int:
        """Write a part per range; returns the number of frames."""
        source: ScanSource = self.source.get()
        name = f"scans/{source.name}"
        home = bench.site.folder(name)
        with ExitStack() as stack:
            table = table_here(source.scan.table, source.config, bench.site, stack)
            parts = replace(source.scan, table=table, threads=bench.threads).run(list(self.ranges))
        frames = sum(store_part(part, home) for part in parts)
        kept = [mouths_path(home, *wanted) for wanted in self.ranges]
        try:
            bench.site.publish(name, [path.name for path in kept if path.exists()])
        except (LipsyncError, OSError) as error:
            logger.info("mouths of %s are not kept: %s", source.config.video, error)
        # Last: a part proves its range whole.
        bench.site.publish(name, [part_path(home, *wanted).name for wanted in self.ranges])
        return frames


def mouths_in_passing(config: Config) -> int:
    """Bytes of mouths' pictures that a run of one video keeps until it ends.

    More than what stays for good, unless they would have to travel to other machines or into a store.
    """
    near = config.ray.cluster in ("none", "local") and not is_remote(config.cache.place)
    return PASSING_BYTES if near else MOST_BYTES


def thin_mouths(config: Config, inputs: Inputs, site: Site) -> None:
    """A run has ended: of the mouths that it has kept, those go that are not to stay."""
    if mouths_in_passing(config) == MOST_BYTES:
        return
    with suppress(LipsyncError):  # without models nothing was kept, and that has been told
        name = scan_name(inputs.source_hash, config.face, config.weights.store(config.license.policy))
        thin(site.folder(f"scans/{name}"), scan_ranges(inputs.table))


def missing_ranges(table: FrameTable, name: str, site: Site) -> list[Range]:
    """Ranges of a scan that nobody has written yet."""
    folder = f"scans/{name}"
    home = site.folder(folder)
    if site.direct:
        return [wanted for wanted in scan_ranges(table) if not is_there(home, wanted)]
    there = site.names(folder)
    return [wanted for wanted in scan_ranges(table) if part_path(home, *wanted).name not in there]


def open_scan(table: FrameTable, name: str, site: Site) -> FaceScan:
    """A finished scan, with its parts at hand; the cache keeps it for some days from now on."""
    folder = site.folder(f"scans/{name}")
    with suppress(OSError):  # another user's, in a cache that several share
        os.utime(folder)
    return scan_here(FaceScan(folder=folder, ranges=tuple(scan_ranges(table))), name, site)


def scan_here(scan: FaceScan, name: str, site: Site) -> FaceScan:
    """The same scan in the folder where this process has it."""
    parts: Sequence[str] = [part_path(scan.folder, *wanted).name for wanted in scan.ranges]
    return FaceScan(folder=site.need(f"scans/{name}", parts), ranges=scan.ranges)


def kept_mouths(scan: FaceScan, name: str, site: Site) -> KeptMouths:
    """The pictures of mouths that a finished scan has kept, as far as they are to be had here."""
    folder = f"scans/{name}"
    wanted = {mouths_path(scan.folder, *each).name for each in scan.ranges}
    try:
        site.need(folder, wanted & site.names(folder))
    except (LipsyncError, OSError) as error:
        logger.warning("mouths of a scan cannot be fetched and are decoded again: %s", error)
    return KeptMouths(folder=site.folder(folder), ranges=scan.ranges)
