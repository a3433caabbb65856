"""Make the corpus: every voice says its sentences, voices side by side in processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Literal

from training.visemes import espeak, festival, flite
from training.visemes.corpus import open_corpus, voice_path, write_voice
from training.visemes.voices import Report, SynthesisError, Voice

FAMILIES = {"flite": flite, "festival": festival, "espeak": espeak}
SMALL = ("espeak_en-us", "espeak_de", "espeak_es", "espeak_tr")
WORKERS = 2


def plan(size: Literal["full", "small"]) -> list[Voice]:
    """The voices of a corpus, the long ones first."""
    if size == "small":
        return [replace(voice, count=16) for voice in espeak.VOICES if voice.name in SMALL]
    return sorted((*flite.VOICES, *festival.VOICES, *espeak.VOICES), key=lambda voice: -voice.count)


def missing(voices: list[Voice]) -> list[str]:
    """Packages without which some of the voices cannot speak."""
    families = dict.fromkeys(voice.family for voice in voices)
    return [package for family in families for package in FAMILIES[family].missing()]


def speak(voice: Voice, folder: Path) -> Report:
    """Let one voice say all its sentences, and write its file."""
    report = Report(voice.name)
    kept = list(FAMILIES[voice.family].utterances(voice, report.skipped))
    if not kept:
        raise SynthesisError(f"{voice.name} said nothing: {dict(report.skipped)}")
    write_voice(folder, name=voice.name, family=voice.family, language=voice.language, utterances=kept)
    report.utterances, report.seconds = len(kept), sum(len(item.samples) for item in kept) / 16000
    return report


def synthesize(
    folder: str | Path,
    *,
    size: Literal["full", "small"] = "full",
    progress: Callable[[str], None] | None = None,
) -> None:
    """Make all voice files that a folder does not have yet.

    Args:
        folder: of the corpus; made if need be.
        size: ``small`` needs espeak-ng's library alone and gives some minutes of speech, ``full`` all of
            ``packages.txt`` and gives over six hours.
        progress: is told a line per voice.

    Raises:
        SynthesisError: if synthesizers are not installed; names the packages.
    """
    folder, tell = Path(folder), progress or (lambda line: None)
    wanted = [voice for voice in plan(size) if not voice_path(folder, voice.name).exists()]
    packages = missing(wanted)
    if packages:
        wheel = (
            " (espeak-ng also comes with pip install espeakng-loader)" if espeak.PACKAGE in packages else ""
        )
        raise SynthesisError(f"not installed: apt-get install {' '.join(packages)}{wheel}")
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(speak, voice, folder) for voice in wanted]
        for number, job in enumerate(as_completed(jobs), 1):
            report = job.result()
            said = f"{report.utterances} utterances, {report.seconds:.0f} s"
            left_out = f", left out: {dict(report.skipped)}" if report.skipped else ""
            tell(f"{number}/{len(jobs)} {report.name}: {said}{left_out}")
    voices = open_corpus(folder)
    tell(f"{len(voices)} voices, {sum(voice.seconds for voice in voices) / 3600:.2f} h")
