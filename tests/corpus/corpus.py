"""All odd inputs, by theme; how one is run and what is looked at afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus import broken, containers, contents, lies, pixels, places, sounds, timing
from tests.corpus.case import Case

THEMES = {
    "Cut short, damaged, something else": broken.cases,
    "Headers that lie": lies.cases,
    "Times": timing.cases,
    "Streams": containers.cases,
    "Pictures": pixels.cases,
    "Sounds": sounds.cases,
    "Places, addresses, lists": places.cases,
    "What is seen": contents.cases,
}


def all_cases() -> Iterator[Case]:
    """Every case once."""
    for cases in THEMES.values():
        yield from cases()
