"""All odd inputs, by theme; how one is run and what is looked at afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus import broken, containers, contents, lies, looks, pixels, places, sounds, timing, truncated
from tests.corpus.case import Case

THEMES = {
    "Cut short": truncated.cases,
    "Damaged, or something else": broken.cases,
    "Headers that lie": lies.cases,
    "Times": timing.cases,
    "Streams": containers.cases,
    "Pictures": pixels.cases,
    "Sounds": sounds.cases,
    "Places, addresses, lists": places.cases,
    "Who is seen": contents.cases,
    "How it is seen": looks.cases,
}


def all_cases() -> Iterator[Case]:
    """Every case once."""
    for cases in THEMES.values():
        yield from cases()
