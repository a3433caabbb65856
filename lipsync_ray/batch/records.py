"""Files of rows (JSONL, CSV, Parquet) as plain records that know their line; nothing is interpreted."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lipsync_ray.errors import ConfigError
from lipsync_ray.storage.files import read_bytes
from lipsync_ray.storage.uri import checked, suffix_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row: its cells by column. None and empty cells of a CSV file are values that were not given."""

    line: int  # from 1: where the row starts; in Parquet its number
    names_line: int | None  # where its columns are named; None: in a schema, which has no lines
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All rows of a file, and what to call a row of it."""

    unit: str  # line or row
    rows: list[Record]


def read_records(place: str) -> Records:
    """Read a file of rows from anywhere, by its ending: .jsonl, .ndjson, .csv or .parquet.

    Raises:
        ConfigError: another ending, or the file is not what it says; names the line.
        ObjectMissing, StorageError: it cannot be read.
    """
    suffix = suffix_of(checked(place))
    if suffix not in _READERS:
        known = ", ".join(_READERS)
        raise ConfigError(f"{place}: what is in it is told by its ending, which must be one of {known}")
    unit, reader = _READERS[suffix]
    return Records(unit=unit, rows=list(reader(place, read_bytes(place))))


def _jsonl(place: str, data: bytes) -> Iterator[Record]:
    # Split before decoding: str.splitlines would also split at characters that JSON allows in texts.
    for line, text in enumerate(_utf8(place, data).split("\n"), 1):
        if not text.strip():
            continue
        try:
            values = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            raise _wrong(place, line, f"is not JSON: {error.msg} at character {error.pos + 1}") from error
        except (ValueError, RecursionError) as error:
            raise _wrong(place, line, str(error)) from error
        if not isinstance(values, dict):
            raise _wrong(place, line, 'is no object; every line is one, as in {"video": "a.mp4", ...}')
        yield Record(line=line, names_line=line, values=values)


def _csv(place: str, data: bytes) -> Iterator[Record]:
    text = _utf8(place, data)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    names: list[str] = []
    names_line = 0
    while True:
        line = reader.line_num + 1  # where the row starts: quoted cells may hold further lines
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _wrong(place, line, f"is not CSV: {error}") from error
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not names:
            names, names_line = _header(place, line, cells), line
            continue
        if len(cells) != len(names):
            raise _wrong(place, line, f"has {len(cells)} cells, and the header names {len(names)} columns")
        values = {name: cell or None for name, cell in zip(names, cells, strict=True)}
        yield Record(line=line, names_line=names_line, values=values)


def _header(place: str, line: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise _wrong(place, line, "has one column; columns are separated by commas")
    if "" in names:
        raise _wrong(place, line, f"column {names.index('') + 1} has no name")
    if twice := [name for name in names if names.count(name) > 1]:
        raise _wrong(place, line, f"the column {twice[0]} is there twice")
    return names


def _parquet(place: str, data: bytes) -> Iterator[Record]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(data))
        rows = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ConfigError(f"{place} is not Parquet: {' '.join(str(error).split())}") from error
    names = table.column_names
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"{place}: the column {twice[0]} is there twice")
    for line, values in enumerate(rows, 1):
        yield Record(line=line, names_line=None, values=values)


def _utf8(place: str, data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _wrong(place, 1, "is UTF-16; save the file as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(place, line, "is not UTF-8; save the file as UTF-8") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is there twice")
    return values


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _wrong(place: str, line: int, what: str) -> ConfigError:
    return ConfigError(f"{place}, line {line}: {what}")


_Reader = Callable[[str, bytes], Iterator[Record]]
_READERS: Mapping[str, tuple[str, _Reader]] = MappingProxyType(
    {
        ".jsonl": ("line", _jsonl),
        ".ndjson": ("line", _jsonl),
        ".csv": ("line", _csv),
        ".parquet": ("row", _parquet),
    }
)
