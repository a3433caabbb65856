"""Sentences to be spoken, made of our own words and templates: one data file per language.

A file's lines are one of

* ``# comment``
* ``name: word word ...``: a list. ``words`` are joined into random sentences; ``syllables``, or ``heads``
  each followed by one of ``tails`` (``∅``: by nothing), are joined into random words first.
* ``join: none``: the language writes no spaces.
* anything else: a sentence, in which ``{name}`` stands for a random word of that list.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
LIST = re.compile(r"([a-z]+): (.*)")
SLOT = re.compile(r"\{([a-z]+)\}")
MARKS = {"hi": "।", "cmn": "。", "ja": "。"}
COMMAS = {"cmn": ",", "ja": "、", "ar": "،"}
NOTHING = "∅"


@dataclass(slots=True)
class Language:
    """What one file says."""

    code: str
    lists: dict[str, list[str]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    space: str = " "

    def word(self, source: random.Random) -> str:
        """A random word: one of the list, or one of random syllables."""
        spoken = "syllables" in self.lists or "heads" in self.lists
        if "words" in self.lists and not (spoken and source.random() < 0.5):
            return source.choice(self.lists["words"])
        return "".join(self._syllable(source) for _ in range(source.randint(1, 4)))

    def _syllable(self, source: random.Random) -> str:
        if "syllables" in self.lists:
            return source.choice(self.lists["syllables"])
        tail = source.choice(self.lists["tails"])
        return source.choice(self.lists["heads"]) + ("" if tail == NOTHING else tail)

    def filled(self, sentence: str, source: random.Random) -> str:
        """The sentence with a word in each slot."""
        text = SLOT.sub(lambda slot: source.choice(self.lists[slot[1]]), sentence)
        return text[:1].upper() + text[1:]

    def chain(self, source: random.Random) -> str:
        """4 to 11 random words with a comma between some of them."""
        words = [self.word(source) for _ in range(source.randint(4, 11))]
        comma = source.randint(2, len(words) - 1)
        parts = self.space.join(words[:comma]), self.space.join(words[comma:])
        mark = MARKS.get(self.code) or source.choice(".....?!")
        return f"{parts[0]}{COMMAS.get(self.code, ',')}{self.space}{parts[1]}{mark}"


@cache
def read(code: str) -> Language:
    """The language's file; ``FileNotFoundError`` if there is none."""
    language = Language(code)
    for line in (FOLDER / f"{code}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        named = LIST.fullmatch(line)
        if named is None:
            language.sentences.append(line)
        elif named[1] == "join":
            language.space = ""
        else:
            language.lists[named[1]] = named[2].split()
    return language


def languages() -> list[str]:
    """Codes of all languages that have a file."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def sentences(code: str, count: int, seed: str) -> list[str]:
    """So many sentences; the same for the same seed. A third are whole ones if there are also words."""
    language, source = read(code), random.Random(f"{code} {seed}")
    chains = bool({"words", "syllables", "heads"} & set(language.lists))
    plain = [text for text in language.sentences if not SLOT.search(text)]
    patterns = [text for text in language.sentences if SLOT.search(text)]
    result: list[str] = []
    for _ in range(count):
        if chains and (source.random() < 0.7 or not language.sentences):
            result.append(language.chain(source))
        else:
            kind = patterns if patterns and (not plain or source.random() < 0.5) else plain
            result.append(language.filled(source.choice(kind), source))
    return result
