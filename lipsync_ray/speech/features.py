"""What is measured on sound, a frame of 10 ms at a time: spectra, mel bands, level.

Frame ``k`` is centred on time ``k * 10 ms``; before the first and after the last sample there is silence.
Everything runs in blocks of frames, so the memory needed does not grow with the length of the sound, and a
frame's values do not depend on the block it falls in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from lipsync_ray.speech.sound import Sound

RATE = 16000  # Hz, of all analysis
HOP = 160  # samples: 10 ms
FRAME_RATE = RATE / HOP  # Hz
WINDOW = 400  # samples: 25 ms
FFT = 512
BANDS = 48
LOW_HZ, HIGH_HZ = 60.0, 7600.0
BLOCK = 500  # frames: 5 s, few enough to stay in a processor's cache
FLOOR_DB = -120.0  # level of digital silence


def frame_count(samples: int) -> int:
    """Frames of a sound of so many samples: one per started hop, and one at its end."""
    return samples // HOP + 1


def blocks(samples: Sound, window: int, size: int = BLOCK) -> Iterator[tuple[slice, np.ndarray]]:
    """Cut ``float32[n]`` at 16 kHz into frames: pairs of frame range and ``float64[frames, window]``.

    The frames of a pair overlap and share memory: read only.
    """
    total, half = frame_count(len(samples)), window // 2
    for start in range(0, total, size):
        stop = min(start + size, total)
        first, last = start * HOP - half, (stop - 1) * HOP - half + window
        piece = np.zeros(last - first)
        inside = slice(max(first, 0), min(last, len(samples)))
        piece[inside.start - first : inside.stop - first] = samples[inside]
        yield slice(start, stop), np.lib.stride_tricks.sliding_window_view(piece, window)[::HOP]


@cache
def hann(size: int) -> np.ndarray:
    """Periodic Hann window, ``float64[size]``."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def power_spectrum(frames: np.ndarray, size: int = FFT) -> np.ndarray:
    """Power of Hann-windowed frames ``[m, window]``: ``float64[m, size / 2 + 1]``."""
    window = hann(frames.shape[1])
    spectrum = np.fft.rfft(frames * window, size)
    return (spectrum.real**2 + spectrum.imag**2) / (window**2).sum()


def hz_to_mel(hz: np.ndarray | float) -> np.ndarray:
    """Mel scale of O'Shaughnessy (1987): ``2595 log10(1 + f / 700)``."""
    return 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)


@cache
def mel_matrix() -> np.ndarray:
    """Triangular mel bands over the bins of ``power_spectrum``, each of area 1: ``float64[257, 48]``."""
    mel = np.linspace(hz_to_mel(LOW_HZ), hz_to_mel(HIGH_HZ), BANDS + 2)
    edges = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    hz = np.arange(FFT // 2 + 1) * RATE / FFT
    rise = (hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    bands = np.clip(np.minimum(rise, fall), 0.0, None)
    return bands / bands.sum(0)


def mel_power(samples: np.ndarray, size: int = BLOCK) -> np.ndarray:
    """Power in 48 mel bands, ``float32[frames, 48]``, of ``float32[n]`` at 16 kHz; not normalised."""
    bands = np.empty((frame_count(len(samples)), BANDS), np.float32)
    for rows, frames in blocks(samples, WINDOW, size):
        bands[rows] = power_spectrum(frames) @ mel_matrix()
    return bands


@dataclass(frozen=True, slots=True, kw_only=True)
class BandStatistics:
    """What normalises log mel bands: the microphone, the room and the voice on average."""

    floor: float  # power added to every band
    mean: np.ndarray  # float[48], nepers
    scale: np.ndarray  # float[48], nepers, positive

    def normalise(self, power: np.ndarray) -> np.ndarray:
        """``float32[n, 48]`` of ``mel_power``'s."""
        return ((np.log(power + self.floor) - self.mean) / self.scale).astype(np.float32)


def band_statistics(power: np.ndarray, *, floor_db: float = 65.0) -> BandStatistics | None:
    """Statistics of speech given as ``mel_power``'s ``float32[n, 48]``; None if it is silent.

    The floor lies ``floor_db`` below the loudest frames. Mean and standard deviation of a band are taken over
    loud frames only (less than 15 dB below the loudest), which adapts to microphone and room; a band's
    deviation counts as at least half the mean deviation.
    """
    frame = power.mean(1, dtype=np.float64)
    loudest = float(np.percentile(frame, 98)) if len(frame) else 0.0
    if loudest < 10 ** (FLOOR_DB / 10):
        return None
    floor = loudest * 10 ** (-floor_db / 10)
    logs = np.log(power + floor)
    loudness = logs.mean(1)
    loud = logs[loudness > np.percentile(loudness, 95) - 3.5]
    deviation = loud.std(0)
    scale = np.maximum(deviation, 0.5 * deviation.mean() + 1e-6)
    return BandStatistics(floor=floor, mean=loud.mean(0), scale=scale)


def normalised(power: np.ndarray, *, floor_db: float = 65.0) -> np.ndarray:
    """Log mel bands of ``mel_power``'s ``float32[n, 48]``, each normalised by its ``band_statistics``.

    Does not depend on the sound's overall level. Silence gives zeros: whoever uses these features must gate
    on absolute level before, since noise, too, fills their range.
    """
    found = band_statistics(power, floor_db=floor_db)
    return np.zeros(power.shape, np.float32) if found is None else found.normalise(power)


def smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian average of ``float[n]`` with ``sigma`` in frames; ends are averaged over what exists."""
    reach = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    total = np.convolve(values, kernel)[reach:-reach]
    return total / np.convolve(np.ones(len(values)), kernel)[reach:-reach]
