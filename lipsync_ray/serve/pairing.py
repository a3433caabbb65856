"""Which folder belongs to which database: with another one, all files would look like nobody's."""

from __future__ import annotations

import secrets
from itertools import islice

from sqlalchemy import insert, select

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tables import FOLDERS
from lipsync_ray.storage.locks import locked
from lipsync_ray.storage.whole import atomic_path

_LOOKED_AT = 1000  # jobs, where there is no name yet


def check_pair(store: JobStore, places: Places) -> None:
    """Check that the folder and the database belong together; from the first time on they do.

    Raises:
        ConfigError: they do not.
        StoreError: the database does not answer.
        OutputUnwritable, OSError: the folder cannot be written.
    """
    file = places.root / "folder-name"
    with locked(places.root / "folder-name.lock"):
        of_folder = file.read_text("ascii").strip() if file.exists() else None
        of_database = _read(store)
        if of_folder is not None and of_folder == of_database:
            return
        if None not in (of_folder, of_database) or not _alike(store, places):
            raise ConfigError(
                f"serve.data_dir={places.root} and the database do not belong together, and files would "
                "be lost: name the serve.database that this folder was used with, or another folder"
            )
        name = of_folder or of_database or secrets.token_hex(16)
        if of_database is None:
            with store.writing() as connection:
                connection.execute(insert(FOLDERS).values(number=1, name=name))
        if of_folder is None:
            with atomic_path(file) as path:
                path.write_text(f"{name}\n", "ascii")


def _read(store: JobStore) -> str | None:
    with store.reading() as connection:
        return connection.execute(select(FOLDERS.c.name)).scalar_one_or_none()


def _alike(store: JobStore, places: Places) -> bool:
    """Whether both are empty, or have a job that is the same."""
    folders = [path.name for path in islice(places.jobs().iterdir(), _LOOKED_AT)]
    if not folders:
        return not store.find(limit=1)
    return any(store.get(name) is not None for name in folders)
