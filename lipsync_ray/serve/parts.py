"""The parts of a multipart form, as bytes of it come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegins:
    """A part of the form."""

    name: str
    file: str | None  # name of the file; None: a text field


Event: TypeAlias = PartBegins | bytes | None  # begins, goes on, ends


class Parts:
    """Turns bytes into events.

    Raises:
        ValueError: it is no form, or a broken one; so does every method.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise ValueError("it is no multipart/form-data with a boundary")
        self._events: list[Event] = []
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._over = False
        try:
            self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]
        except FormParserError as error:
            raise ValueError(str(error)) from error

    def feed(self, block: bytes) -> Iterator[Event]:
        """The events in the next bytes."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise ValueError("a part has no end, or a header is broken") from error
        events, self._events = self._events, []
        yield from events

    def end(self) -> None:
        """There are no more bytes."""
        if not self._over:
            raise ValueError("it ends too early")

    def _callbacks(self) -> dict[str, object]:
        return {
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._begin,
            "on_part_data": lambda data, start, end: self._events.append(bytes(data[start:end])),
            "on_part_end": lambda: self._events.append(None),
            "on_end": self._end,
        }

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _begin(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._headers = {}
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not name.isidentifier() or len(name) > _LONGEST_NAME:
            raise ValueError("a part has no name, or one that no field has")
        file = options.get(b"filename")
        shown = None if file is None else file.decode("utf-8", "replace")
        self._events.append(PartBegins(name=name, file=shown))

    def _end(self) -> None:
        self._over = True
