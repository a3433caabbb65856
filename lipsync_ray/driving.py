"""The sound that drives the mouth in a job: which file it is, and what the source's own sound adds to it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from lipsync_ray.config import Config
from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.inputs import Inputs
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.speakers.cast import Speaker
from lipsync_ray.speakers.voices import write_voice
from lipsync_ray.speech.adapt import LEAST_S, learn_habit
from lipsync_ray.speech.driving import Driven, DrivenSound, MeasuredMouth
from lipsync_ray.speech.evidence import Evidence, Habit
from lipsync_ray.speech.features import RATE
from lipsync_ray.speech.heard import STEP_S, TALKING, Heard
from lipsync_ray.speech.model import SpeechModel
from lipsync_ray.speech.shift import Shift, find_shift
from lipsync_ray.speech.sound import Part, Sound
from lipsync_ray.speech.timbre import alike, timbre
from lipsync_ray.speech.track import MouthTrack

logger = logging.getLogger(__name__)

# Habits show in the first minutes; the rest of a long video would only take time and memory.
LONGEST_S = 1200.0


@runtime_checkable
class TellingModel(Protocol):
    """A speech model that also tells what it made of a sound, and takes habits learnt from that."""

    name: str

    def track(self, samples: Sound, rate: int = 16000, habit: Habit | None = None) -> MouthTrack:
        """The mouth track, with the opening corrected by the habit."""
        ...

    def evidence(self, samples: Sound, times: np.ndarray) -> Evidence:
        """What it made of a sound at these moments of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSound:
    """The sound of the source itself."""

    samples: Sound
    start: float  # s on the clock of the source's frames: when sample 0 is heard


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundDriving:
    """Answers an engine with the mouth that the sound asks for; see ``speech.driving.Driving``."""

    model: SpeechModel
    drive: Sound
    times: np.ndarray  # float64[T] s of the drive, of the output frames
    own: OwnSound | str  # or why there is none
    offset: float | Literal["auto"] = "auto"  # ms by which the mouth comes later than the sound
    adapt: bool = True

    def cues(self, mouth: MeasuredMouth | None) -> Driven:
        """The mouth at the output frames."""
        known, asked, report = self._ask(mouth, adapt=self.adapt)
        track = self._track(known.habit)
        cues = track.at(self.times - asked / 1000)
        return Driven(cues=cues, own_speech=known.own_speech, report=report)

    def sound(self, mouth: MeasuredMouth | None) -> DrivenSound:
        """The sound that drives, and which moment of it each output frame shows."""
        _, asked, report = self._ask(mouth, adapt=False)
        return DrivenSound(samples=self.drive, times=self.times - asked / 1000, report=report)

    def _ask(self, mouth: MeasuredMouth | None, *, adapt: bool) -> tuple[_Known, float, Mapping[str, Any]]:
        """What the source's own sound tells, the offset to apply in ms, and the report on both."""
        heard = self._heard(mouth)
        known = _Known() if mouth is None or isinstance(heard, str) else self._learn(mouth, heard, adapt)
        asked = known.offset_ms if self.offset == "auto" else self.offset
        report = {
            "model": self.model.name,
            "own_sound": heard if isinstance(heard, str) else "heard",
            **known.report,
            "applied_offset_ms": asked,
        }
        logger.info("sound: %s", _line(report))
        return known, asked, report

    def _track(self, habit: Habit | None) -> MouthTrack:
        if isinstance(self.model, TellingModel) and habit is not None:
            return self.model.track(self.drive, RATE, habit)
        return self.model.track(self.drive, RATE)

    def _heard(self, mouth: MeasuredMouth | None) -> Heard | str:
        """What the model makes of the source's own sound where the mouth is seen, or why nothing."""
        if isinstance(self.own, str):
            return self.own
        if not isinstance(self.model, TellingModel):
            return "not used by this model"
        seen = np.isfinite(mouth.aperture) if mouth is not None else np.zeros(0, bool)
        if mouth is None or not seen.any():
            return "no mouth is measured"
        first = max(0, int((mouth.times[seen][0] - 1.0 - self.own.start) * RATE))
        part = Part(sound=self.own.samples, start=first, stop=first + int(LONGEST_S * RATE))
        if not len(part):
            return "it ends before a mouth is seen"
        evidence = self.model.evidence(part, STEP_S * np.arange(int(len(part) / (STEP_S * RATE)) + 1))
        return Heard(start=self.own.start + first / RATE, evidence=evidence)

    def _learn(self, mouth: MeasuredMouth, heard: Heard, adapt: bool) -> _Known:
        shift = find_shift(mouth, heard)
        report: dict[str, Any] = {
            "own_speech_s": shift.speech_s,
            "av_offset_ms": round(1000 * shift.seconds) if shift.believed else None,
            "av_offset_r": shift.r,
        }
        if not shift.believed:
            # Somebody else may be heard: their pauses and habits are not those of the mouth that is seen.
            return _Known(report={**report, "adaptation": _unused("no clear tie of sound and mouth")})
        habit, adaptation = None, _unused("switched off")
        if adapt:
            same = shift.speech_s >= LEAST_S and self._same_voice(heard)
            habit, adaptation = learn_habit(mouth, heard, shift, same_voice=same)
        return _Known(
            offset_ms=float(report["av_offset_ms"]),
            habit=habit,
            own_speech=_own_speech(mouth, heard, shift),
            report={**report, "adaptation": dict(adaptation)},
        )

    def _same_voice(self, heard: Heard) -> bool:
        """Whether the source's own voice drives the mouth, as in a part of the same recording."""
        if isinstance(self.own, str):
            return False
        first = round((heard.start - self.own.start) * RATE)
        part = Part(sound=self.own.samples, start=first, stop=len(self.own.samples))
        driven = self.model.track(self.drive, RATE).speech
        return alike(timbre(part, heard.evidence.speech > TALKING), timbre(self.drive, driven > TALKING))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the source's own sound told."""

    offset_ms: float = 0.0
    habit: Habit | None = None
    own_speech: np.ndarray | None = None
    report: Mapping[str, Any] = field(
        default_factory=lambda: (
            {"own_speech_s": 0.0, "av_offset_ms": None, "av_offset_r": None}
            | {"adaptation": _unused("nothing to learn from")}
        )
    )


def _unused(why: str) -> dict[str, Any]:
    return {"used": False, "why": why}


def _own_speech(mouth: MeasuredMouth, heard: Heard, shift: Shift) -> np.ndarray:
    """Speech at each source frame, ``float32[n]``; NaN where nobody has listened."""
    times = mouth.times - shift.seconds
    listened = (times >= heard.start) & (times <= heard.start + LONGEST_S)
    return np.where(listened, heard.speech(times), np.nan).astype(np.float32)


def _line(report: Mapping[str, Any]) -> str:
    """The report for the log."""
    found, learnt = report["av_offset_ms"], report["adaptation"]
    own = report["own_sound"] if report["own_sound"] != "heard" else f"{report['own_speech_s']:g} s of speech"
    offset = "unknown" if found is None else f"{found:+d} ms (r {report['av_offset_r']:.2f})"
    habit = f"r {learnt['r_before']:.2f} to {learnt['r_after']:.2f}" if learnt["used"] else learnt["why"]
    return (
        f"model {report['model']}; source's own: {own}; its picture after its sound: {offset}, "
        f"applied {report['applied_offset_ms']:+g} ms; habit: {habit}"
    )


def open_driving(
    config: Config, inputs: Inputs, model: SpeechModel, folder: Path, speaker: Speaker | None = None
) -> SoundDriving:
    """Decode what drives the mouth, and the source's own sound if it can be read, into ``folder``.

    ``speaker``: the one whose mouth it is, if several have sounds of their own.

    Raises:
        AudioUnreadable: the sound that drives the mouth cannot be decoded.
    """
    own: OwnSound | str = "not used by this model"
    if isinstance(model, TellingModel):
        own = _own_sound(config, inputs, folder / "own.f32")
    return SoundDriving(
        model=model,
        drive=store_samples(sound_of(config, inputs, folder, speaker), folder / "drive.f32"),
        times=inputs.timeline.times() - float(inputs.timeline.audio_start),
        own=own,
        offset=config.sync.offset,
        adapt=config.speech.adapt,
    )


def hear_source(config: Config, inputs: Inputs, model: SpeechModel, folder: Path) -> list[Heard]:
    """What the model makes of the source's own sound, piece by piece; nothing where there is none."""
    own = _own_sound(config, inputs, folder / "own.f32")
    if isinstance(own, str) or not isinstance(model, TellingModel):
        return []
    pieces = []
    for start in range(0, len(own.samples), int(LONGEST_S * RATE)):
        part = Part(sound=own.samples, start=start, stop=min(start + int(LONGEST_S * RATE), len(own.samples)))
        evidence = model.evidence(part, STEP_S * np.arange(int(len(part) / (STEP_S * RATE)) + 1))
        pieces.append(Heard(start=own.start + start / RATE, evidence=evidence))
    return pieces


def sound_of(config: Config, inputs: Inputs, folder: Path, speaker: Speaker | None) -> str | Path:
    """The file that a mouth follows, made in ``folder`` if it is that of one speaker among several."""
    if speaker is None:
        return inputs.drive.path
    return write_voice(speaker, inputs.drive.path, folder / "voice.wav", fade_ms=config.audio.fade_ms)


def _own_sound(config: Config, inputs: Inputs, place: Path) -> OwnSound | str:
    """The source's sound; a source that has none, or a broken one, is dubbed all the same."""
    table = inputs.table
    if table.still or not table.video.has_audio:
        return "none"
    try:
        info = probe_audio(config.video)
        samples = store_samples(config.video, place)
    except AudioUnreadable as error:
        logger.warning("the source's own sound tells nothing about its mouth: %s", error)
        return "unreadable"
    return OwnSound(samples=samples, start=float(info.start - table.origin))
