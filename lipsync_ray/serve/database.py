"""The service's database: opened so that many processes can use it, with the tables that it needs."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from lipsync_ray.serve.tables import METADATA

_PATIENCE_S = 30.0


def open_database(url: str) -> Engine:
    """Open a database, and make its tables where they are not there.

    Args:
        url: SQLAlchemy's.

    Raises:
        SQLAlchemyError: it cannot be reached, or has no room.
    """
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _careful)
        event.listen(engine, "begin", _write_at_once)
    _make_tables(engine)
    return engine


def _make_tables(engine: Engine) -> None:
    """Make the tables that are not there; several processes may do so at the same time."""
    for table in METADATA.sorted_tables:
        try:
            with engine.connect().execution_options(w=True) as connection, connection.begin():
                table.create(connection, checkfirst=True)
        except (IntegrityError, OperationalError, ProgrammingError):
            if not inspect(engine).has_table(table.name):  # another process was faster, with its indexes too
                raise


def _careful(connection: Any, record: object) -> None:
    """Readers beside a writer, nothing lost by a killed process, and waiting for each other."""
    connection.isolation_level = None  # transactions are begun by _write_at_once
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    limit = time.monotonic() + _PATIENCE_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:  # at this the timeout is not heard: another process does it just now
            if time.monotonic() > limit:
                raise
            time.sleep(0.01)


def _write_at_once(connection: Connection) -> None:
    # Two that read first and write then would refuse each other; one that asks at once waits.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("w") else "BEGIN")
