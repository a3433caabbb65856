"""The ledger as a Parquet file: its schema, and how rows get in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from lipsync_ray.batch.row import Row, from_plain
from lipsync_ray.errors import LedgerError

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 2  # of the schema; one that is newer is not touched
_SINCE_2 = ("expected_cpu_s", "expected_gpu_s", "review_s", "concern", "flags")
_VERSION_KEY, _GENERATION_KEY = b"lipsync_ray.ledger.version", b"lipsync_ray.ledger.generation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a ledger's file says. ``generation`` is another text whenever it is written."""

    generation: str
    rows: list[Row]


def schema() -> pa.Schema:
    """Columns of the file, in order; ``seconds_per_second`` is wall_s / seconds, for those who query it."""
    import pyarrow as pa

    special = {
        "attempts": pa.int32(),
        "chunks": pa.int32(),
        "chunks_reused": pa.int32(),
        "retries": pa.int32(),
        "frames": pa.int64(),
        "started": pa.timestamp("us", tz="UTC"),
        "finished": pa.timestamp("us", tz="UTC"),
        "hosts": pa.list_(pa.string()),
        "flags": pa.list_(pa.string()),
    }
    numbers = {"seconds", "concern", *(item.name for item in fields(Row) if item.name.endswith("_s"))}
    columns = [
        (item.name, special.get(item.name, pa.float64() if item.name in numbers else pa.string()))
        for item in fields(Row)
    ]
    return pa.schema([*columns, ("seconds_per_second", pa.float64())])


def _schema_of(version: int) -> pa.Schema:
    """Columns of the file in a version; what has come later is what a row has by default."""
    import pyarrow as pa

    return pa.schema([item for item in schema() if version > 1 or item.name not in _SINCE_2])


def encode(rows: Sequence[Row], generation: str) -> bytes:
    """The file of these rows."""
    import pyarrow as pa
    from pyarrow import parquet

    notes = {_VERSION_KEY: str(VERSION).encode(), _GENERATION_KEY: generation.encode()}
    columns = {item.name: [getattr(row, item.name) for row in rows] for item in fields(Row)}
    columns["seconds_per_second"] = [row.seconds_per_second for row in rows]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns, schema=schema().with_metadata(notes)), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def decode(place: str, data: bytes) -> Table:
    """The rows of a file, and its generation.

    Raises:
        LedgerError: it is damaged, no ledger, or of a newer version; ``place`` is named.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LedgerError(
            f"{place} is damaged ({' '.join(str(error).split())}); it is left as it is: move it away, or "
            "choose another out_dir"
        ) from error
    notes = table.schema.metadata or {}
    version = notes.get(_VERSION_KEY, b"").decode(errors="replace")
    if not version.isdigit():
        raise LedgerError(f"{place} is no ledger of a batch; choose another out_dir")
    if int(version) > VERSION:
        raise LedgerError(
            f"{place} has version {version} and was written by a newer lipsync_ray; this one knows {VERSION}"
        )
    if not table.schema.equals(_schema_of(int(version))):
        raise LedgerError(
            f"{place} has other columns than a ledger of version {version}; choose another out_dir"
        )
    try:
        rows = [from_plain(plain) for plain in table.drop_columns(["seconds_per_second"]).to_pylist()]
    except (ValueError, TypeError, LedgerError) as error:
        raise LedgerError(f"{place} holds a row that cannot be: {error}") from error
    return Table(generation=notes.get(_GENERATION_KEY, b"").decode(), rows=rows)
