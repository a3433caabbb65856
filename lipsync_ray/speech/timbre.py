"""Whether two sounds are the same voice in the same recording, by their average spectra.

A voice, its microphone and its room leave an average spectrum that hardly depends on what is said. From some
seconds of speech on, two halves of one recording differ by 0.3 to 0.7 nepers, other recordings by 1 to 2.
"""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.features import BLOCK, HOP, mel_power
from lipsync_ray.speech.sound import Sound

ALIKE = 0.8  # nepers
LONGEST = 12_000  # frames of speech: 2 min


def timbre(samples: Sound, talking: np.ndarray) -> np.ndarray | None:
    """Shape of the average log spectrum of the frames ``talking`` (``bool``, every 10 ms), ``float64[48]``.

    None where nobody talks. The quietest third of the speech, which may be the room's, is left out.
    """
    logs, count = [], 0
    for start in range(0, len(talking), BLOCK):
        chosen = talking[start : start + BLOCK]
        if not chosen.any() or count >= LONGEST:
            continue
        part = np.asarray(samples[start * HOP : (start + len(chosen)) * HOP], np.float32)
        bands = mel_power(part)[: len(chosen)]
        logs.append(np.log(bands[chosen[: len(bands)]] + 1e-9))
        count += len(logs[-1])
    if not count:
        return None
    spectra = np.concatenate(logs).astype(np.float64)
    loudness = spectra.mean(axis=1)
    shape = spectra[loudness >= np.percentile(loudness, 33)].mean(axis=0)
    return shape - shape.mean()


def alike(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether two timbres are of one voice in one recording."""
    return one is not None and other is not None and float(np.sqrt(np.mean((one - other) ** 2))) < ALIKE
