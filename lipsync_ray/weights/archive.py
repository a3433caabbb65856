"""Single members out of zip files: nothing else of an archive is ever unpacked."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path

from lipsync_ray.errors import WeightsCorrupt

LARGEST = 8 << 30  # bytes; a member that claims more is no weight file


def extract_member(archive: Path, member: str, target: Path) -> None:
    """Copy one file out of a zip to ``target``, whatever the paths inside the zip say.

    ``member`` is the whole path of the file there, or its end: archives differ in the folder around
    their files. Raises WeightsCorrupt.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            info = _find(opened, member)
            if info.file_size > LARGEST:
                raise WeightsCorrupt(f"{member} in {archive.name} claims {info.file_size} bytes")
            with opened.open(info) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise WeightsCorrupt(f"{archive.name} holds no {member}: {error}") from error


def _find(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    ends = [info for info in archive.infolist() if f"/{info.filename}".endswith(f"/{member}")]
    if not ends:
        raise KeyError(f"its files are {', '.join(archive.namelist()[:5]) or 'none'}")
    return min(ends, key=lambda info: (len(info.filename), info.filename))
