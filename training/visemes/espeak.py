"""Voices of espeak-ng in many languages: formant synthesis, and phone times from its events.

The library runs in a process of its own (this file as a program), which reads requests as lines of JSON and
answers each with a line of JSON and the samples. If it dies, one utterance is lost and it is started again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from lipsync_ray.speech.visemes.classes import NAMES, SILENCE
from training.visemes import texts
from training.visemes.corpus import Utterance
from training.visemes.espeak_library import find
from training.visemes.phones import Phone, UnknownPhoneError, is_pause, pieces
from training.visemes.voices import SynthesisError, Voice, utterance

# Tag of espeak-ng, language of the texts.
TAGS = {
    **dict.fromkeys(("en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-029"), "en"),
    **dict.fromkeys(("es", "es-419"), "es"),
    **dict.fromkeys(("pt", "pt-br"), "pt"),
    "cmn-latn-pinyin": "cmn",
    **{code: code for code in "de fr it pl cs ru nl sv da bg uk ca ja ko hi te ar sw id tr fi hu el".split()},
}
VARIANTS = (
    "m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 Alex Alicia Andrea Andy Annie"
    " Denis Diogo Gene Hugo Jacky Lee Marco Mario Michael adam anika antonio belinda benjamin boris caleb"
    " david ed edward grandma grandpa iven john linda max michel norbert pablo paul pedro quincy rob robert"
    " sandro shelby steph travis victor zac"
).split()
WHISPERS = ("whisper", "whisperf")
WHISPERED = 0.03  # share of utterances
VOICES = tuple(
    Voice(name=f"espeak_{tag}", family="espeak", speaker=tag, language=language, count=110)
    for tag, language in TAGS.items()
)
PACKAGE = "libespeak-ng1"
PITCHES = (20, 80)
SHORT_PAUSE = 80.0  # ms
STOPS = tuple(NAMES.index(name) for name in ("p", "t", "k"))
LONGEST_CLOSURE = 0.15  # seconds
QUIET = 64  # of 32768


@dataclass(frozen=True, slots=True)
class Request:
    """A text, and how to say it, in espeak-ng's own units."""

    text: str
    voice: str  # tag+variant
    rate: int  # words per minute
    pitch: int  # 0..99
    range: int  # 0..99


def missing() -> list[str]:
    """Packages to install."""
    return [] if find() is not None else [PACKAGE]


class Speaker:
    """A process that speaks; started when first asked, and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def say(self, request: Request) -> Utterance:
        """Speak; raises ``SynthesisError``, ``UnknownPhoneError``."""
        if self._process is None:
            module = Path(__file__).with_name("espeak_library.py")
            self._process = subprocess.Popen(
                [sys.executable, str(module)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or b"null")
        except BrokenPipeError:
            answer = None
        if answer is None:
            self.__exit__()
            raise SynthesisError("espeak-ng died")
        if "error" in answer:
            raise SynthesisError(answer["error"])
        data = self._process.stdout.read(2 * answer["samples"])
        samples = np.frombuffer(data, "<i2")
        return utterance(samples, answer["rate"], with_closures(_phones(answer), samples, answer["rate"]))


def _phones(answer: dict) -> list[Phone]:
    """Phones of the answer's ``marks``: name and millisecond at which each *begins*.

    A short pause is the closure of the stop after it, or nothing: it goes to the phone after it. A mark that
    is no sound of its own (palatalisation) goes to the phone before it.
    """
    marks: list[tuple[str, float]] = []
    for name, start in answer["marks"]:
        if not pieces(name):
            continue
        if marks and is_pause(marks[-1][0]) and start - marks[-1][1] < SHORT_PAUSE:
            marks[-1] = (name, marks[-1][1])
        else:
            marks.append((name, start))
    ends = [start for _, start in marks[1:]] + [1000.0 * answer["samples"] / answer["rate"]]
    return [
        Phone(pieces=pieces(name), start=start / 1000, stop=end / 1000)
        for (name, start), end in zip(marks, ends, strict=True)
    ]


def with_closures(phones: list[Phone], samples: np.ndarray, rate: int) -> list[Phone]:
    """Let stops begin with their closure: espeak-ng gives the silence before a burst to the phone before."""
    result: list[Phone] = []
    step = rate // 1000
    for phone in phones:
        before = result[-1] if result else None
        if phone.pieces[0][0] in STOPS and before is not None and before.pieces[0][0] != SILENCE:
            start = round(phone.start * rate)
            earliest = max(round(before.start * rate), start - round(LONGEST_CLOSURE * rate))
            while start - step >= earliest and np.abs(samples[start - step : start]).max(initial=0) < QUIET:
                start -= step
            result[-1] = replace(before, stop=start / rate)
            phone = replace(phone, start=start / rate)
        result.append(phone)
    return result


def requests(voice: Voice) -> Iterator[Request]:
    """What a voice is to say: every sentence in another variant, speed and pitch."""
    source = voice.source()
    order = source.sample(VARIANTS, len(VARIANTS))
    for number, text in enumerate(texts.sentences(voice.language, voice.count, voice.name)):
        whispered = source.random() < WHISPERED
        variant = source.choice(WHISPERS) if whispered else order[number % len(order)]
        yield Request(
            text,
            f"{voice.speaker}+{variant}",
            source.randint(115, 240),
            source.randint(*PITCHES),
            source.randint(20, 90),
        )


def utterances(voice: Voice, skipped: Counter[str]) -> Iterator[Utterance]:
    """All utterances of a voice; texts that failed are counted by reason."""
    with Speaker() as speaker:
        for request in requests(voice):
            try:
                yield speaker.say(request)
            except (SynthesisError, UnknownPhoneError) as error:
                skipped[str(error)] += 1
