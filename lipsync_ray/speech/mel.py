"""The mel spectrogram that Wav2Lip and its kin listen to: 80 columns a second, -4 silent to 4 loud."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.speech.sound import Sound

RATE = 16000  # Hz
HOP, SIZE = 200, 800  # samples
BANDS = 80
PER_SECOND = RATE / HOP  # columns
LOWEST, HIGHEST = 55.0, 7600.0  # Hz
SILENCE = -4.0
_PREEMPHASIS = 0.97
_BLOCK = 2000  # columns computed at a time: bounds memory, however long the sound
# A column begins exactly where a frame does at many rates; the times of frames are sums of fractions of a
# second that miss it by a few times 1e-14.
_TINY = 1e-6  # columns


def mel_spectrogram(samples: Sound, *, edges: Literal["zero", "reflect"] = "zero") -> np.ndarray:
    """Log mel spectrogram ``float32[T,80]`` of mono samples at 16 kHz, T = 1 + n // 200.

    Pre-emphasis 0.97, periodic Hann windows of 800 centred on every 200th sample, magnitudes, Slaney's mel
    bands, then 20 log10 of them, less 20 dB, with -100..0 dB on -4..4 (Wav2Lip's ``audio.py`` and
    ``hparams.py``, Prajwal et al. 2020).

    Args:
        samples: values within -1..1; read piece by piece, so that they may lie in a file.
        edges: what lies beyond the ends: nothing (librosa from 0.9 on), or the sound mirrored (before).

    Raises:
        AudioUnreadable: a sample is no number.
    """
    columns = 1 + len(samples) // HOP
    out = np.empty((columns, BANDS), np.float32)
    window = np.hanning(SIZE + 1)[:-1]
    for first in range(0, columns, _BLOCK):
        last = min(first + _BLOCK, columns)
        start, stop = first * HOP - SIZE // 2, (last - 1) * HOP + SIZE // 2
        frames = np.lib.stride_tricks.sliding_window_view(_emphasised(samples, start, stop, edges), SIZE)
        spectrum = np.abs(np.fft.rfft(frames[::HOP] * window, axis=1))
        out[first:last] = _scaled(spectrum @ mel_basis().T)
    return out


def _scaled(bands: np.ndarray) -> np.ndarray:
    decibel = 20 * np.log10(np.maximum(1e-5, bands)) - 20
    return np.clip(8 * (decibel + 100) / 100 - 4, -4, 4)


def _emphasised(samples: Sound, start: int, stop: int, edges: str) -> np.ndarray:
    """Samples ``[start, stop)`` after pre-emphasis, ``float64``; what lies outside as ``edges`` says."""
    count = len(samples)
    if edges == "reflect" and count > 1:
        period = 2 * (count - 1)
        at = np.abs((np.arange(start, stop) + count - 1) % period - (count - 1))
        low = int(at.min())
        return _filtered(samples, low, int(at.max()) + 1)[at - low]
    low, high = max(0, start), min(count, stop)
    inside = _filtered(samples, low, high) if high > low else np.zeros(0)
    return np.concatenate([np.zeros(max(0, low - start)), inside, np.zeros(stop - max(high, low))])


def _filtered(samples: Sound, low: int, high: int) -> np.ndarray:
    given = np.asarray(samples[max(0, low - 1) : high], np.float64)
    if not (finite := np.isfinite(given)).all():
        at = (max(0, low - 1) + int(np.argmin(finite))) / RATE
        raise AudioUnreadable(
            f"the sound holds samples that are no numbers (NaN or infinite), the first at {at:.3f} s: "
            "convert it to whole numbers, e.g. ffmpeg -i SOUND -c:a pcm_s16le NEW.wav"
        )
    before = np.concatenate([[0.0], given[:-1]]) if low == 0 else given[:-1]
    return given[-len(before) :] - _PREEMPHASIS * before


@lru_cache(maxsize=1)
def mel_basis() -> np.ndarray:
    """Weights ``float64[80,401]`` of the bands over the bins at multiples of 20 Hz, areas of 1."""
    lowest, highest = _mel(np.array([LOWEST, HIGHEST])).tolist()
    edges = _hertz(np.linspace(lowest, highest, BANDS + 2))
    bins = np.arange(SIZE // 2 + 1) * (RATE / SIZE)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def _mel(hertz: np.ndarray) -> np.ndarray:
    """Slaney's scale (Auditory Toolbox, 1998): even below 1 kHz, logarithmic above."""
    return np.where(
        hertz < 1000, 3 * hertz / 200, 15 + 27 * np.log(np.maximum(hertz, 1) / 1000) / np.log(6.4)
    )


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp(np.log(6.4) * (mel - 15) / 27))


def window_starts(times: np.ndarray) -> np.ndarray:
    """First column ``int64[N]`` of the window of moments ``float64[N]`` s: a window begins with its frame."""
    return np.floor(np.asarray(times, np.float64) * PER_SECOND + _TINY).astype(np.int64)


def windows(mel: np.ndarray, starts: np.ndarray, width: int) -> np.ndarray:
    """Windows ``float32[N,80,width]`` of a spectrogram ``[T,80]``; silence beyond its ends."""
    at = np.asarray(starts, np.int64)[:, None] + np.arange(width)
    inside = (at >= 0) & (at < len(mel))
    values = (
        mel[np.clip(at, 0, max(0, len(mel) - 1))] if len(mel) else np.zeros((*at.shape, BANDS), np.float32)
    )
    return np.where(inside[..., None], values, np.float32(SILENCE)).transpose(0, 2, 1)


def upstream_starts(columns: int, fps: float, width: int = 16) -> Iterator[int]:
    """First columns of the authors' windows, by frame number; a last one ends with the sound.

    There are as many output frames as windows: ``int(i * (80 / fps))``, the factor computed first.
    """
    factor, number = PER_SECOND / fps, 0
    while (start := int(number * factor)) + width <= columns:
        yield start
        number += 1
    yield columns - width
