"""From sounds to training material on disk: features of every utterance, clean and as others may record it.

A shard is a pair of files: ``NAME.npy``, the features ``float16[frames, 48]`` (read through a memory map),
and ``NAME.npz``, what they mean, written last. Shards that exist are kept: an interrupted run goes on.
Everything drawn comes from the seed and the shard's name, never from the order of work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import numpy as np

from lipsync_ray.speech.features import RATE, frame_count
from lipsync_ray.speech.visemes.classes import SILENCE
from training.visemes.augment import (
    TELEPHONE,
    AugmentSettings,
    altered,
    altered_features,
    features,
    fitted,
    mixed,
    passband,
)
from training.visemes.corpus import Utterance, VoiceFile, open_corpus
from training.visemes.music import ensemble, negative, strings
from training.visemes.negatives import levelled, noise
from training.visemes.scenes import backgrounds, scene

HELD_VOICES, HELD_LANGUAGES = ("awb", "czech_ph"), ("sv", "tr")
FAMILY_WEIGHT = {"espeak": 0.35, "flite": 1.4, "festival": 1.4}  # recorded voices teach more than rules
CONDITIONS = ("clean", "noise 15 dB", "music 8 dB", "telephone")
POOLS = 6  # different sets of backgrounds
JUDGED = 60  # utterances of a held-out voice, about
BEDS = 6  # pieces of music of each kind that held-out voices are heard over
Labelled = tuple[np.ndarray, np.ndarray]  # features and labels


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSettings:
    """How much is made of a corpus."""

    copies: int = 2  # altered ones, besides the clean one
    scene_shards: int = 6  # of clips with talk and something else in turn
    negative_shards: int = 6  # of clips in which nobody talks
    clips: int = 100  # in each of these shards
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Features and labels of many utterances, one after the other, ``bounds`` (frames) apart."""

    name: str  # "voice", "voice@condition", "scenes 3", "negatives 0"
    weight: float  # of a frame in the draw, relative
    features: np.ndarray  # float16[n, 48]
    labels: np.ndarray  # uint8[n]
    bounds: np.ndarray  # int64[k + 1]

    def __post_init__(self) -> None:
        if not len(self.features) == len(self.labels) == self.bounds[-1]:
            raise ValueError(f"shard {self.name}: {len(self.features)} features, {len(self.labels)} labels")

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, index: int) -> Labelled:
        rows = slice(self.bounds[index], self.bounds[index + 1])
        return self.features[rows], self.labels[rows]


def held_out(voice: VoiceFile) -> bool:
    """Whether a voice is kept from training, to judge by."""
    return voice.language in HELD_LANGUAGES or any(part in voice.name for part in HELD_VOICES)


def write_shard(folder: Path, name: str, weight: float, clips: Iterator[Labelled]) -> None:
    """Write clips as a shard."""
    rows, labels = zip(*clips, strict=True)
    bounds = np.cumsum([0, *(len(one) for one in labels)])
    np.save(folder / f"{name}.npy", np.concatenate(rows).astype(np.float16))
    part = folder / f"{name}.part.npz"
    np.savez(part, labels=np.concatenate(labels), bounds=bounds, weight=weight)
    os.replace(part, folder / f"{name}.npz")


def open_shards(folder: Path) -> list[Shard]:
    """All shards of a folder, by name."""
    return [_open(path) for path in sorted(folder.glob("*.npz")) if not path.name.endswith(".part.npz")]


def _open(path: Path) -> Shard:
    with np.load(path) as about:
        return Shard(
            name=path.stem,
            weight=float(about["weight"]),
            features=np.load(path.with_suffix(".npy"), mmap_mode="r"),
            labels=about["labels"],
            bounds=about["bounds"],
        )


def precompute(
    corpus: Path, folder: Path, settings: DatasetSettings, *, processes: int = 2, told: Callable[[str], None]
) -> None:
    """Make all shards of a corpus: ``folder/train`` and ``folder/held``; ``told`` hears of each."""
    voices = open_corpus(corpus)
    if all(held_out(voice) for voice in voices):
        raise ValueError(f"no voice to train with in {corpus}: {[voice.name for voice in voices]}")
    work = [("held" if held_out(voice) else "voice", index) for index, voice in enumerate(voices)]
    work += [("scenes", index) for index in range(settings.scene_shards)]
    work += [("negatives", index) for index in range(settings.negative_shards)]
    for part in ("train", "held"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        jobs = [pool.submit(_make, corpus, folder, settings, kind, index) for kind, index in work]
        for job in jobs:
            told(job.result())


def _make(corpus: Path, folder: Path, settings: DatasetSettings, kind: str, index: int) -> str:
    voices = _voices(corpus)
    name = voices[index].name if kind in ("voice", "held") else f"{kind} {index}"
    seed = (settings.seed, crc32(name.encode()))
    if kind == "held":
        for number, condition in enumerate(CONDITIONS):
            clips = _judged(voices[index], condition, np.random.default_rng((*seed, number)))
            _once(folder / "held", f"{name}@{condition}", 0.0, clips)
        return name
    rng = np.random.default_rng(seed)
    weight, clips = 1.0, _silent(rng, settings)
    if kind == "scenes":
        clips = _scenes(rng, [voice for voice in voices if not held_out(voice)], settings)
    elif kind == "voice":
        weight = FAMILY_WEIGHT[voices[index].family]
        clips = _copies(voices[index], rng, partial(_pool, corpus, settings.seed, seed[1] % POOLS), settings)
    _once(folder / "train", name, weight, clips)
    return name


def _once(folder: Path, name: str, weight: float, clips: Iterator[Labelled]) -> None:
    if not (folder / f"{name}.npz").exists():
        write_shard(folder, name, weight, clips)


@cache
def _voices(corpus: Path) -> list[VoiceFile]:
    return open_corpus(corpus)


@cache
def _pool(corpus: Path, seed: int, index: int) -> list[np.ndarray]:
    voices = [voice for voice in _voices(corpus) if not held_out(voice)]
    return backgrounds(np.random.default_rng((seed, index)), voices)


def _copies(
    voice: VoiceFile,
    rng: np.random.Generator,
    pool: Callable[[], list[np.ndarray]],
    settings: DatasetSettings,
) -> Iterator[Labelled]:
    backdrop = pool()  # not before the first utterance is asked for: it takes seconds
    for index in range(len(voice)):
        utterance = voice[index]
        yield features(utterance.samples), utterance.labels
        for _ in range(settings.copies):
            other = altered(utterance, rng, backdrop, settings.augment)
            yield altered_features(other.samples, rng, settings.augment), other.labels


def _judged(voice: VoiceFile, condition: str, rng: np.random.Generator) -> Iterator[Labelled]:
    beds = [levelled(make(rng, 10 * RATE)) for make in (strings, ensemble) for _ in range(BEDS)]
    for index in range(0, len(voice), max(1, len(voice) // JUDGED)):
        yield in_condition(voice[index], condition, rng, beds)


def in_condition(
    utterance: Utterance, condition: str, rng: np.random.Generator, beds: Sequence[np.ndarray]
) -> Labelled:
    """Features and labels of an utterance as heard in one of ``CONDITIONS``; ``beds`` are pieces of music."""
    samples, count = utterance.samples, len(utterance.samples)
    if condition == "noise 15 dB":
        samples = mixed(samples, noise(rng, count), 15, utterance.labels != SILENCE)
    elif condition == "music 8 dB":
        bed = fitted(rng, beds[rng.integers(len(beds))], count)
        samples = mixed(samples, bed, 8, utterance.labels != SILENCE)
    gain = passband(*TELEPHONE) if condition == "telephone" else None
    return features(samples, gain=gain), utterance.labels


def _scenes(
    rng: np.random.Generator, voices: list[VoiceFile], settings: DatasetSettings
) -> Iterator[Labelled]:
    share = np.array([voice.seconds * FAMILY_WEIGHT[voice.family] for voice in voices])
    for _ in range(settings.clips):
        made = scene(rng, voices[rng.choice(len(voices), p=share / share.sum())])
        yield altered_features(made.samples, rng, settings.augment), made.labels


def _silent(rng: np.random.Generator, settings: DatasetSettings) -> Iterator[Labelled]:
    for _ in range(settings.clips):
        sound = negative(rng, 6 * RATE)
        if rng.random() < 0.3:
            other = negative(rng, 6 * RATE) * 10 ** rng.uniform(-1.5, 0)
            sound = sound + other
        labels = np.full(frame_count(len(sound)), SILENCE, np.uint8)
        yield altered_features(sound, rng, settings.augment), labels
