"""The development key of a user: made once on each machine, kept where nobody else may read it."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lipsync_ray.errors import SigningFailed
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.provenance.certificates import make_development_pem, read_anchors
from lipsync_ray.storage.locks import locked
from lipsync_ray.storage.whole import atomic_path

RENEW = timedelta(days=730)  # before it expires: what is signed today can be checked for so long


def development_folder() -> Path:
    """Where the keys of this user are, in the cache of this machine."""
    return default_cache_dir() / f"provenance-{os.getuid()}"


def development_pem(now: datetime | None = None) -> bytes:
    """Key, certificate and issuer of this user, made where there are none or they expire soon.

    Processes that want them at the same time get the same ones. Old ones stay: files are checked by them.

    Raises:
        SigningFailed: the folder cannot be written, or belongs to others.
    """
    folder, now = development_folder(), now or datetime.now(UTC)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(folder)
        with locked(folder / "making.lock"):
            return _newest(folder, now) or _make(folder, now)
    except OSError as error:
        raise SigningFailed(f"{_trouble(folder)}: {error.strerror}; {_WAYS_OUT}") from error


def development_anchors() -> list[bytes]:
    """Certificates (PEM) of those who issued this user's development certificates; none where none are."""
    found = []
    for path in sorted(development_folder().glob("development-*.pem")):
        # Somebody else's, or damaged: what it has signed counts as unknown.
        with suppress(OSError, ValueError):
            found += read_anchors(path.read_bytes())[-1:]
    return found


_WAYS_OUT = "set LIPSYNC_RAY_CACHE to another folder, name provenance.key, or choose provenance=off"


def _trouble(folder: Path) -> str:
    return f"the development key of this user cannot be kept in {folder}"


def _check_private(folder: Path) -> None:
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise SigningFailed(f"{_trouble(folder)}: others may enter it; chmod 700 it, or {_WAYS_OUT}")


def _newest(folder: Path, now: datetime) -> bytes | None:
    """The one that lasts longest, if that is long enough."""
    from cryptography import x509

    best: tuple[datetime, bytes] | None = None
    for path in folder.glob("development-*.pem"):
        pem = path.read_bytes()
        try:
            until = x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc
        except (ValueError, IndexError):
            continue  # damaged: another one is made
        if until - now > RENEW and (best is None or until > best[0]):
            best = until, pem
    return best[1] if best else None


def _make(folder: Path, now: datetime) -> bytes:
    pem = make_development_pem(now)
    with atomic_path(folder / f"development-{now:%Y%m%dT%H%M%S%f}.pem") as path:
        path.chmod(0o600)  # before there is anything in it
        path.write_bytes(pem)
    return pem
