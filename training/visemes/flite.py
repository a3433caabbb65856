"""English voices of flite: recorded speakers, and phone times as it prints them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from training.visemes import texts
from training.visemes.corpus import Utterance
from training.visemes.phones import UnknownPhoneError
from training.visemes.voices import SynthesisError, Voice, phones_of_ends, read_wave, utterance

VOICES = tuple(
    Voice(name=f"flite_{speaker}", family="flite", speaker=speaker, language="en", count=count)
    for speaker, count in (("slt", 420), ("rms", 420), ("awb", 330), ("kal16", 260))
)
DIPHONE_HZ = {"kal16": 105.0}  # speaks at this mean pitch; the others have a pitch of their own, to be scaled


def missing() -> list[str]:
    """Packages to install."""
    return [] if shutil.which("flite") else ["flite"]


def speak(voice: str, text: str, *, stretch: float, pitch: float, folder: Path) -> Utterance:
    """Say one text, ``stretch`` times as slow and ``pitch`` times as high as the voice does by itself."""
    wav = folder / "out.wav"
    mean = DIPHONE_HZ.get(voice)
    tone = f"f0_shift={pitch:.3f}" if mean is None else f"int_f0_target_mean={mean * pitch:.1f}"
    command = ["flite", "-voice", voice, "-psdur", "--setf", f"duration_stretch={stretch:.3f}"]
    result = subprocess.run(
        [*command, "--setf", tone, "-t", text, "-o", str(wav)], capture_output=True, text=True, timeout=60
    )
    if result.returncode:
        raise SynthesisError(f"flite ended with {result.returncode}")
    pairs = (pair.rsplit(":", 1) for pair in result.stdout.split())
    samples, rate = read_wave(wav)
    return utterance(samples, rate, phones_of_ends(((name, float(end)) for name, end in pairs), "radio"))


def utterances(voice: Voice, skipped: Counter[str]) -> Iterator[Utterance]:
    """All utterances of a voice; texts that failed are counted by reason."""
    source = voice.source()
    with tempfile.TemporaryDirectory() as name:
        for text in texts.sentences(voice.language, voice.count, voice.name):
            stretch, pitch = source.uniform(0.72, 1.3), source.uniform(0.85, 1.2)
            try:
                yield speak(voice.speaker, text, stretch=stretch, pitch=pitch, folder=Path(name))
            except (SynthesisError, UnknownPhoneError, subprocess.TimeoutExpired) as error:
                skipped[str(error)] += 1
