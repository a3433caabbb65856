"""Speakers maps as files: CSV, JSON and RTTM, the format of speaker diarization."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from io import StringIO
from typing import Any

from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import suggest
from lipsync_ray.speakers.settings import EVERYONE, LEAVE, SpeakerRow
from lipsync_ray.speakers.who import parse_who
from lipsync_ray.storage.uri import name_of

COLUMNS = tuple(f.name for f in fields(SpeakerRow))
_TIMES = ("start", "end", "skip")


def read_map(text: str, name: str, place: Callable[[str], str]) -> tuple[SpeakerRow, ...]:
    """The rows of a map.

    Args:
        text: of the file.
        name: of the file; its ending tells the format.
        place: makes a full path or address of one that is relative to the file.

    Raises:
        ConfigError: the file is no map; the message names file and line.
    """
    readers = {".csv": _csv, ".json": _json, ".rttm": _rttm}
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending not in readers:
        raise ConfigError(f"speakers.map={name}: expected a file that ends in .csv, .json or .rttm")
    rows = []
    for where, values in readers[ending](text, name):
        try:
            rows.append(_row(values, place))
        except ConfigError as error:
            raise ConfigError(f"{name}, {where}: {error}") from None
    if not rows:
        raise ConfigError(f"speakers.map={name} has no rows")
    return tuple(rows)


def write_csv(rows: list[SpeakerRow]) -> str:
    """A map as CSV."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = [getattr(row, name) for name in COLUMNS]
        writer.writerow(["" if v is None else f"{v:.3f}" if isinstance(v, float) else v for v in values])
    return out.getvalue()


def _row(values: Mapping[str, Any], place: Callable[[str], str]) -> SpeakerRow:
    unknown = [name for name in values if name not in COLUMNS]
    if unknown:
        raise ConfigError(
            f"unknown column {unknown[0]}{suggest(str(unknown[0]), COLUMNS)}; there are {', '.join(COLUMNS)}"
        )
    texts = {name: "" if value is None else str(value).strip() for name, value in values.items()}
    known: dict[str, Any] = {name: text for name, text in texts.items() if text}
    for name in _TIMES:
        if name in known:
            known[name] = seconds(known[name], name)
    if "audio" in known:
        known["audio"] = LEAVE if known["audio"].lower() == LEAVE else place(known["audio"])
    if "face" in known and known["face"] != EVERYONE and parse_who(known["face"]).kind == "reference":
        known.setdefault("speaker", name_of(known["face"]).rpartition(".")[0] or known["face"])
        known["face"] = place(known["face"])
    return SpeakerRow(**known)


def seconds(value: Any, name: str) -> float:
    """A time as a number of seconds, ``mm:ss`` or ``hh:mm:ss``, with a decimal point or comma.

    Raises:
        ConfigError: it is none of these.
    """
    total = 0.0
    try:
        for part in str(value).strip().replace(",", ".").split(":"):
            total = 60 * total + float(part)
    except ValueError:
        raise ConfigError(f"{name}={value}: expected seconds, or hh:mm:ss.sss") from None
    return total


def _csv(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    text = text.removeprefix("\ufeff")
    # Spreadsheets of countries with a decimal comma write semicolons.
    separator = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.DictReader(StringIO(text), restkey="", strict=True, delimiter=separator)
    try:
        names = [column.strip() for column in reader.fieldnames or () if column.strip()]
        if twice := [column for column in dict.fromkeys(names) if names.count(column) > 1]:
            raise ConfigError(f"{name}, line {reader.line_num}: there are two columns {twice[0]}; remove one")
        for row in reader:
            if row.pop("", None):
                raise ConfigError(f"{name}, line {reader.line_num}: more fields than the header has columns")
            if any((value or "").strip() for value in row.values()):
                yield f"line {reader.line_num}", {(key or "").strip(): value for key, value in row.items()}
    except csv.Error as error:
        raise ConfigError(f"{name}, line {reader.line_num}: {error}") from None


def _json(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name} is no JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{name}: expected a list of objects, such as [{{speaker, face, audio}}, …]")
    for number, row in enumerate(rows):
        yield f"entry {number}", row


def _rttm(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """``SPEAKER file channel start duration <NA> <NA> name <NA> <NA>``; NIST's RT-09 evaluation plan."""
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts or parts[0] != "SPEAKER":
            continue  # comments, and what tells about files and speakers
        if len(parts) < 8:
            raise ConfigError(f"{name}, line {number}: expected SPEAKER file channel start duration … name")
        start = seconds(parts[3], "start")
        end = round(start + seconds(parts[4], "duration"), 6)
        yield f"line {number}", {"speaker": parts[7], "start": start, "end": end}
