"""Databases for tests: SQLite, and PostgreSQL where there is one.

``LIPSYNC_RAY_TEST_DATABASE`` is SQLAlchemy's URL of a PostgreSQL database that tests may empty.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from lipsync_ray.serve.tables import METADATA

KINDS = ("sqlite", "postgresql")


def empty_database(kind: str, folder: Path) -> str:
    """The URL of a database without tables; skips where there is none of this kind."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'service.db'}"
    url = os.environ.get("LIPSYNC_RAY_TEST_DATABASE")
    if url is None:
        pytest.skip("LIPSYNC_RAY_TEST_DATABASE names no PostgreSQL database")
    engine = create_engine(url)
    METADATA.drop_all(engine)
    engine.dispose()
    return url
