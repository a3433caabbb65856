"""A built site, read as a browser would: which anchors its pages have, and where their links lead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"script", "img", "iframe", "source", "video", "audio"}  # what a browser fetches by itself
_POINTERS = ("href", "src")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page offers and asks for."""

    anchors: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)  # as they stand in it
    loaded: set[str] = field(default_factory=set)  # of these, what is fetched without a click


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self.page.anchors.update(values[name] for name in ("id", "name") if name in values)
        found = {values[name] for name in _POINTERS if name in values}
        self.page.links.update(found)
        if tag in _LOADED or (tag == "link" and values.get("rel") in ("stylesheet", "icon")):
            self.page.loaded.update(found)


@cache
def read(path: Path) -> Page:
    """A page of the site."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader.page


def broken(site: Path) -> Iterator[str]:
    """Links of all pages that lead nowhere inside the site, ``page -> link`` each."""
    for path in sorted(site.rglob("*.html")):
        for link in sorted(read(path).links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            place = unquote(parts.path)
            below = site / place.lstrip("/") if place.startswith("/") else path.parent / place
            target = (below if place else path).resolve()
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{path.relative_to(site)} -> {link}: no such file"
            elif parts.fragment and target.suffix == ".html":
                if unquote(parts.fragment) not in read(target).anchors:
                    yield f"{path.relative_to(site)} -> {link}: no such anchor"
