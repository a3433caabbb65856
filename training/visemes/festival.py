"""Voices of festival in seven languages: recorded speakers, and phone times from its segments."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.visemes import texts
from training.visemes.corpus import Utterance
from training.visemes.phones import UnknownPhoneError
from training.visemes.voices import SynthesisError, Voice, phones_of_ends, read_wave, utterance

VOICE_FOLDER = Path("/usr/share/festival/voices")
UNSPEAKABLE = str.maketrans({"\\": " ", '"': " ", "़": None})  # the last, a dot below, ends the Hindi voice
BATCH = 50  # texts per process: starting takes longer than speaking


@dataclass(frozen=True, slots=True)
class Kind:
    """How festival wants to be spoken to, and answers, in a voice."""

    folder: str
    encoding: str
    phone_set: str
    package: str
    pitch: float = 0.0  # Hz, mean, of a voice whose pitch can be set
    statistical: bool = False  # has a speed instead of a stretch
    delay: float = 0.0  # seconds by which it is heard after the times it tells; measured against all voices


KINDS = {
    "cmu_us_slt_arctic_hts": Kind(
        "us", "ascii", "radio", "festvox-us-slt-hts", statistical=True, delay=0.008
    ),
    "kal_diphone": Kind("english", "ascii", "radio", "festvox-kallpc16k", 105, delay=0.008),
    "ked_diphone": Kind("english", "ascii", "radio", "festvox-kdlpc16k", 105, delay=0.005),
    "lp_diphone": Kind("italian", "latin1", "italian", "festvox-italp16k"),
    "pc_diphone": Kind("italian", "latin1", "italian", "festvox-itapc16k"),
    "czech_ph": Kind("czech", "latin2", "czech", "festvox-czech-ph", delay=0.005),
    "czech_dita": Kind("czech", "latin2", "czech", "festvox-czech-dita"),
    "czech_machac": Kind("czech", "latin2", "czech", "festvox-czech-machac"),
    "czech_krb": Kind("czech", "latin2", "czech", "festvox-czech-krb"),
    "suo_fi_lj_diphone": Kind("finnish", "latin1", "finnish", "festvox-suopuhe-lj", delay=0.008),
    "hy_fi_mv_diphone": Kind("finnish", "latin1", "finnish", "festvox-suopuhe-mv"),
    "hindi_NSK_diphone": Kind("hindi", "utf8", "hindi", "festvox-hi-nsk", 105),
    "msu_ru_nsh_clunits": Kind("russian", "utf8", "msu_ru", "festvox-ru"),
    "upc_ca_ona_hts": Kind(
        "catalan", "latin1", "upc_catalan-central", "festvox-ca-ona-hts", statistical=True, delay=0.008
    ),
}
LANGUAGES = dict(
    us="en", english="en", italian="it", czech="cs", finnish="fi", hindi="hi", russian="ru", catalan="ca"
)
VOICES = tuple(
    Voice(
        name=f"festival_{name}", family="festival", speaker=name, language=LANGUAGES[kind.folder], count=150
    )
    for name, kind in KINDS.items()
)


def missing() -> list[str]:
    """Packages to install."""
    packages = [] if shutil.which("festival") else ["festival"]
    return packages + [
        kind.package for name, kind in KINDS.items() if not (VOICE_FOLDER / kind.folder / name).is_dir()
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A text, and how to say it: ``stretch`` times as slow, ``pitch`` times as high."""

    text: str
    stretch: float
    pitch: float


def script(voice: str, lines: list[Line]) -> bytes:
    """What festival is to do, in the voice's encoding: leaves ``N.wav`` and ``N.lab`` in its folder."""
    kind = KINDS[voice]
    parts = [f"(voice_{voice})"]
    if kind.statistical:
        parts.append("(set! settings hts_engine_params)")
    for number, line in enumerate(lines):
        if kind.statistical:
            speed = f'(list "-r" {1 / line.stretch:.3f})'
            parts.append(f"(set! hts_engine_params (append settings (list {speed})))")
        else:
            parts.append(f"(Parameter.set 'Duration_Stretch {line.stretch:.3f})")
        if kind.pitch:
            mean, spread = kind.pitch * line.pitch, 15 * line.pitch
            parts.append(
                f"(set! int_lr_params '((target_f0_mean {mean:.1f}) (target_f0_std {spread:.1f})"
                " (model_f0_mean 170) (model_f0_std 34)))"
            )
        parts.append(f'(set! u (utt.synth (Utterance Text "{line.text.translate(UNSPEAKABLE)}")))')
        parts.append(f'(utt.save.segs u "{number}.lab")')
        parts.append(f'(utt.save.wave u "{number}.wav" \'riff)')
    return "\n".join(parts).encode(kind.encoding, errors="ignore")


def read_segments(path: Path, encoding: str) -> list[tuple[str, float]]:
    """Phones with the time each ends, of a segment file: after a ``#``, lines of end, colour, name."""
    lines = path.read_text(encoding=encoding).split("#\n", 1)[-1].splitlines()
    fields = [line.split() for line in lines if line.strip()]
    return [(field[2], float(field[0])) for field in fields]


def speak(voice: str, lines: list[Line], skipped: Counter[str]) -> Iterator[Utterance]:
    """Say the lines in one process; one that ends it is left out, and the rest said in another."""
    while lines:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "say.scm").write_bytes(script(voice, lines))
            try:
                # The system's own, which its package manager has put on the path.
                command = ["festival", "-b", "say.scm"]
                subprocess.run(command, cwd=folder, capture_output=True, timeout=300)  # nosec B607
            except subprocess.TimeoutExpired:
                skipped["festival took too long"] += 1
            done = 0
            while (folder / f"{done}.wav").exists():
                try:
                    yield _spoken(folder, done, KINDS[voice])
                except (SynthesisError, UnknownPhoneError, ValueError, EOFError) as error:
                    skipped[str(error)] += 1
                done += 1
        if done < len(lines):
            skipped["festival failed"] += 1
        lines = lines[done + 1 :]


def _spoken(folder: Path, number: int, kind: Kind) -> Utterance:
    samples, rate = read_wave(folder / f"{number}.wav")
    ends = [(name, end + kind.delay) for name, end in read_segments(folder / f"{number}.lab", kind.encoding)]
    return utterance(samples, rate, phones_of_ends(ends, kind.phone_set))


def utterances(voice: Voice, skipped: Counter[str]) -> Iterator[Utterance]:
    """All utterances of a voice; texts that failed are counted by reason."""
    source = voice.source()
    lines = [
        Line(text, source.uniform(0.72, 1.35), source.uniform(0.8, 1.4))
        for text in texts.sentences(voice.language, voice.count, voice.name)
    ]
    for start in range(0, len(lines), BATCH):
        yield from speak(voice.speaker, lines[start : start + BATCH], skipped)
