"""A manifest: the jobs of a backlog in a file, one a row, with options of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lipsync_ray.batch.entry import Entry, check_id, clashes, clean_id, default_out, stem_of
from lipsync_ray.batch.records import Record, Records, read_records
from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import suggest
from lipsync_ray.overrides import HEARD, load_config, split_word
from lipsync_ray.schema import list_keys
from lipsync_ray.storage.uri import checked
from lipsync_ray.wording import text_of

OWN = ("id", "video", "audio", "out")  # columns that are no options
WHOLE = frozenset(
    {
        *("ray", "cache", "weights", "license", "limits", "batch", "cost", "serve", "log", "debug"),
        *("provenance.key", "provenance.certificate", "provenance.timestamp_url", "policy.require_consent"),
    }
)
"""Options, and groups of them, that hold for a batch as a whole."""
_ENGINES = ("engine", "engine.name", "quality.retry_engine")


def read_manifest(place: str, *, base: Sequence[str] = (), out_dir: str | None = None) -> list[Entry]:
    """The jobs of a manifest: JSONL, CSV or Parquet, by its ending, on a disk or in a store.

    Columns are ``video``, ``audio`` (not needed where ``overrides.HEARD`` says more), ``id`` (the stem of
    ``out``, else of ``video``, if it is not given), ``out`` and every option of a job: ``encode.crf``.
    Objects in JSON and Parquet stand for groups: ``{"encode": {"crf": 20}}``. An empty cell of a CSV file and
    null are not given; the word ``null`` is an option's value. Relative paths are relative to the working
    directory. What is wrong is found here, for all rows, before anything is begun.

    Args:
        place: a path or an address.
        base: options of the whole batch as ``key=value``; a row's own come after them.
        out_dir: where jobs without ``out`` write; None: their ``Entry.out`` stays None.

    Raises:
        ConfigError: one line: the file, the line and what is wrong with it: an unknown column (with the
            nearest name), a wrong value, a missing file name, an id or an output that an earlier row has,
            an option of the whole batch, an engine of one's own, an output with ``..`` in its path. Further
            wrong lines are counted.
        ObjectMissing, StorageError: the file cannot be read.
    """
    return make_entries(place, read_records(place), base=base, out_dir=out_dir, of_file=True)


def make_entries(
    place: str, records: Records, *, base: Sequence[str], out_dir: str | None, of_file: bool = False
) -> list[Entry]:
    """The jobs of the rows of ``place``, for messages; everything else as ``read_manifest``.

    Args:
        place: what rows are of.
        records: the rows.
        base: options of the whole batch.
        out_dir: where jobs without ``out`` write.
        of_file: a file can be somebody else's: its rows name no code that would be imported, and no output
            that climbs out of a folder.
    """
    columns, options = _Columns(), _Options(base)
    entries: list[Entry] = []
    problems: list[tuple[int, str]] = []
    for record in records.rows:
        try:
            cells = _flat(record.values)
            _check_names(place, record, cells, columns)
            if of_file:
                _check_wary(cells)
            entries.append(_entry(record.line, cells, out_dir, options))
        except _WrongNames as error:
            raise ConfigError(str(error)) from None  # a wrong header is wrong for every row
        except ConfigError as error:
            problems.append((record.line, str(error)))
    problems += clashes(entries, records.unit)
    if problems:
        raise _refuse(place, records.unit, sorted(problems))
    if not entries:
        raise ConfigError(f"{place} holds no jobs; write one a row, with video and audio")
    return entries


class _WrongNames(ConfigError):
    """A column that all rows have is wrong."""


class _Columns:
    """Which columns there are."""

    def __init__(self) -> None:
        keys = list_keys(Config)
        self._options = {key for key in keys if not _is_whole(key)} - {"video", "out"}
        self._groups = {key.partition(".")[0] for key in self._options if "." in key} - {"audio"}

    def check(self, name: str) -> None:
        """Raises ConfigError if there is no such column."""
        if name in OWN or name in self._options or name in self._groups:
            return
        if _is_whole(name):
            raise ConfigError(
                f"{name} holds for the whole batch and is no column; give it on the command line"
            )
        known = [*OWN, *sorted(self._options)]
        raise ConfigError(f"'{name}' is not a column{suggest(name, known) or f'; known are {_some(known)}'}")


def _is_whole(name: str) -> bool:
    return name in WHOLE or name.partition(".")[0] in WHOLE


class _Options:
    """Checks the options of rows; rows with the same ones are checked once."""

    def __init__(self, base: Sequence[str]) -> None:
        self._base = tuple(base)
        self._known: dict[tuple[str, ...], str | None] = {}

    def check(self, words: tuple[str, ...], *, heard: bool) -> None:
        """Raises ConfigError if a job with these options of its own cannot be."""
        given = (*self._base, "video=x", *(["audio.file=x"] if heard else []), *words)
        if given not in self._known:
            try:
                load_config(given)
                self._known[given] = None
            except ConfigError as error:
                self._known[given] = str(error)
        if message := self._known[given]:
            raise ConfigError(message)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Cells by dotted name; ``audio.file`` is called ``audio``, as on the command line."""
    cells: dict[str, Any] = {}
    for name, value in values.items():
        dotted = f"{prefix}{name}"
        inner = _flat(value, f"{dotted}.") if isinstance(value, Mapping) else {dotted: value}
        for key, cell in inner.items():
            key = "audio" if key == "audio.file" else key
            if cells.get(key) is not None and cell is not None:
                raise ConfigError(f"{key} is there twice")
            if cells.get(key) is None:
                cells[key] = cell
    return cells


def _check_names(place: str, record: Record, cells: Mapping[str, Any], columns: _Columns) -> None:
    for name in cells:
        try:
            columns.check(name)
        except ConfigError as error:
            if record.names_line == record.line:
                raise
            where = place if record.names_line is None else f"{place}, line {record.names_line}"
            raise _WrongNames(f"{where}: {error}") from None


def _check_wary(cells: Mapping[str, Any]) -> None:
    for key in _ENGINES:
        if ":" in str(cells.get(key) or ""):
            raise ConfigError(
                f"{key}={cells[key]}: a file cannot name code that is to be run; give an engine of your own "
                "on the command line"
            )
    out = cells.get("out")
    if isinstance(out, str) and ".." in out.replace("\\", "/").split("/"):
        raise ConfigError(f"out={out} climbs out of a folder by '..'; write the whole path")


def _entry(line: int, cells: dict[str, Any], out_dir: str | None, options: _Options) -> Entry:
    words = tuple(_words(cells))
    heard = any(word.partition("=")[0] in HEARD for word in words)
    video = _place(cells, "video")
    audio, out = _place(cells, "audio", needed=not heard), _place(cells, "out", needed=False)
    options.check(words, heard=bool(audio))
    given = cells.get("id")
    id = clean_id(stem_of(out or video)) if given is None else check_id(_name(given))
    if not out:
        out = default_out(out_dir, id) if out_dir else None
    return Entry(id=id, video=video, audio=audio, out=out, words=words, line=line)


def _place(cells: Mapping[str, Any], column: str, *, needed: bool = True) -> str:
    value = cells.get(column)
    if value is None or value == "":
        if needed:
            raise ConfigError(f"{column} is missing")
        return ""
    if not isinstance(value, str):
        raise ConfigError(f"{column}={value}: expected the name of a file")
    return checked(value)


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(f"id={value}: expected text")
    return text_of("id", value)


def _words(cells: Mapping[str, Any]) -> Iterator[str]:
    for name, value in cells.items():
        if name not in OWN and value is not None:
            word = f"{name}={text_of(name, value)}"
            split_word(word)
            yield word


def _refuse(place: str, unit: str, problems: Sequence[tuple[int, str]]) -> ConfigError:
    (line, first), *others = problems
    lines = list(dict.fromkeys(str(number) for number, _ in others if number != line))
    more = f" (also wrong: {unit}{'s' * (len(lines) > 1)} {_some(lines)})" if lines else ""
    return ConfigError(f"{place}, {unit} {line}: {first}{more}")


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
