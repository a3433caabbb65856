"""When somebody talks: what keeps a mouth closed and still in silence, noise, hum and music.

A per-clip normalisation would blow any sound up to full-scale speech, so that this gate comes first. It asks
for level (against full scale, and against the loud parts nearby) and for speech. Speech is told from other
sounds by two movements of its voiced parts, each a median over 3 s:

* the pitch of a voice glides all the time (0.4 to 1.6 % in 10 ms; notes of instruments hold theirs, at most
  0.25 % with vibrato, and hum holds it for good);
* the shape of its spectrum changes with every sound (1.4 nepers and more in 60 ms, sustained notes and
  noises under 0.9).

Both hold with noise or music 8 dB below the voice. Whispering has no pitch and is no talk by this; a model
that can tell it from other noises asks ``whisper_scores``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lipsync_ray.speech.features import FRAME_RATE
from lipsync_ray.speech.voice import Voice

QUIET_DB = -80.0  # dB of full scale; below it nothing is ever heard
RANGE_DB = 30.0  # below the loud parts nearby
NOISE_MARGIN_DB = 6.0  # above the quietest parts nearby, which are noise if they are not a voice
LOUD_MARGIN_DB = 12.0  # the loud parts' own neighbourhood is heard whatever the noise
VOICED = 0.6
GLIDE = 0.003  # relative change of pitch in 10 ms
MOVEMENT = 1.0  # nepers in 60 ms
WHISPER_MOVEMENT = 1.1  # whispering 10 dB above noise moves 1.7, noise alone 0.9
UNVOICED = 0.45  # at most this share of a whisper seems to have a pitch
TURN_ON, STAY_ON = 1.2, 0.95  # of both together, relative to the two above
WINDOW_S, STEP_S = 3.0, 0.25
NEAR_S = 0.25  # consonants belong to a voice this near; shorter pauses are part of the talk
SHORTEST_S = 0.08
LEAD_S, DECAY_S = 0.08, 0.1  # the mouth opens before the sound and closes after it


def loud_level(voice: Voice) -> np.ndarray:
    """Level of the loud parts around each frame in dB, ``float64[n]``: the 95th percentile of 10 s.

    At least 25 dB below the whole sound's own, so that a long pause is no loud part.
    """
    whole = float(np.percentile(voice.level, 95))
    return np.maximum(_running(voice.level, 95, 10.0), whole - 25.0)


def talking(voice: Voice, loud: np.ndarray) -> np.ndarray:
    """Frames in which somebody talks, ``bool[n]``; pauses under 250 ms are part of the talk."""
    heard = audible(voice, loud)
    return with_consonants(heard, heard & (voice.voicing > VOICED) & speech_like(voice, heard))


def audible(voice: Voice, loud: np.ndarray) -> np.ndarray:
    """Frames that stand out of the quiet around them, ``bool[n]``, whatever they are."""
    quiet = np.minimum(_running(voice.level, 10, 6.0) + NOISE_MARGIN_DB, loud - LOUD_MARGIN_DB)
    return voice.level > np.maximum(np.maximum(loud - RANGE_DB, quiet), QUIET_DB)


def with_consonants(heard: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Talk around frames that surely are: what is audible nearby, with short gaps filled, ``bool[n]``."""
    near = round(NEAR_S * FRAME_RATE)
    return without_short(_bridged(heard & _dilated(sure, near), near), round(SHORTEST_S * FRAME_RATE))


def envelope(active: np.ndarray) -> np.ndarray:
    """Activity as a curve, ``float64[n]``: rises over 80 ms before a talk and falls over 100 ms after it."""
    frames = np.arange(len(active), dtype=np.float64)
    since = frames - np.maximum.accumulate(np.where(active, frames, -np.inf))
    until = np.minimum.accumulate(np.where(active, frames, np.inf)[::-1])[::-1] - frames
    rise = 1.0 - until / (LEAD_S * FRAME_RATE)
    fall = 1.0 - since / (DECAY_S * FRAME_RATE)
    return np.clip(np.maximum(rise, fall), 0.0, 1.0)


def speech_like(voice: Voice, heard: np.ndarray) -> np.ndarray:
    """Frames whose surroundings move like speech with a voice, ``bool[n]``, with hysteresis."""
    return where_high(voice_scores(voice, heard), len(voice))


def voice_scores(voice: Voice, heard: np.ndarray) -> np.ndarray:
    """How much 3 s move like speech with a voice, ``float64[k]``, every 250 ms; speech passes ``TURN_ON``."""
    voiced = heard & (voice.voicing > VOICED)
    glide, steady = _glides(voice, voiced)
    moved = voice.movement

    def score(near: slice) -> float:
        if np.count_nonzero(steady[near]) < SHORTEST_S * FRAME_RATE:
            return 0.0
        moves = _median(moved[near][voiced[near]]) / MOVEMENT
        return min(moves, np.median(glide[near][steady[near]]) / GLIDE)

    return _every_step(score, len(voice))


def pitched_shares(voice: Voice, heard: np.ndarray) -> np.ndarray:
    """Share of what is heard in 3 s that has a pitch which goes on, ``float64[k]``, every 250 ms.

    Half and more in talk, also 8 dB above noise; at most .3 in noise of any colour, however it swells.
    """
    _, steady = _glides(voice, heard & (voice.voicing > VOICED))

    def share(near: slice) -> float:
        return np.count_nonzero(steady[near]) / max(np.count_nonzero(heard[near]), 1)

    return _every_step(share, len(voice))


def whisper_scores(voice: Voice, heard: np.ndarray) -> np.ndarray:
    """How much 3 s move like speech while they have hardly any pitch, ``float64[k]``, every 250 ms.

    Whispering is such a sound; so are drums, steps and applause: this alone does not tell.
    """
    voiced = heard & (voice.voicing > VOICED)
    moved = voice.movement

    def score(near: slice) -> float:
        count = np.count_nonzero(heard[near])
        if count < 2 * SHORTEST_S * FRAME_RATE or np.count_nonzero(voiced[near]) > UNVOICED * count:
            return 0.0
        return _median(moved[near][heard[near]]) / WHISPER_MOVEMENT

    return _every_step(score, len(voice))


def where_high(
    scores: np.ndarray, count: int, turn_on: float = TURN_ON, stay_on: float = STAY_ON
) -> np.ndarray:
    """Frames around which a score passes one value, and both sides while it stays above the other."""
    return np.repeat(_hysteresis(scores, turn_on, stay_on), round(STEP_S * FRAME_RATE))[:count]


def _every_step(score: Callable[[slice], float], count: int) -> np.ndarray:
    step, half = round(STEP_S * FRAME_RATE), round(0.5 * WINDOW_S * FRAME_RATE)
    return np.array([score(slice(max(0, place - half), place + half + 1)) for place in range(0, count, step)])


def _median(values: np.ndarray) -> float:
    """In double precision: of an even number it is a mean."""
    return float(np.median(values.astype(np.float64)))


def _glides(voice: Voice, voiced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relative change of pitch from the frame before, and where it is known: a jump is another note."""
    glide = np.abs(np.diff(np.log(voice.pitch), prepend=0.0))
    steady = voiced & np.concatenate([[False], voiced[:-1]]) & (glide < 0.1)
    return glide, steady


def _hysteresis(scores: np.ndarray, turn_on: float, stay_on: float) -> np.ndarray:
    held = scores > stay_on
    on = np.zeros(len(scores), bool)
    for start, stop in runs(held):
        on[start:stop] = scores[start:stop].max() > turn_on
    return on


def _running(values: np.ndarray, percentile: float, seconds: float) -> np.ndarray:
    """Percentile over a centred window, found every second and interpolated between."""
    half, step = round(0.5 * seconds * FRAME_RATE), round(FRAME_RATE)
    centres = np.arange(0, len(values), step)
    found = [np.percentile(values[max(0, c - half) : c + half + 1], percentile) for c in centres]
    return np.interp(np.arange(len(values)), centres, found)


def _dilated(active: np.ndarray, reach: int) -> np.ndarray:
    counts = np.concatenate([[0], np.cumsum(active)])
    frames = np.arange(len(active))
    return counts[np.minimum(frames + reach + 1, len(active))] > counts[np.maximum(frames - reach, 0)]


def _bridged(active: np.ndarray, shorter: int) -> np.ndarray:
    """Fill the gaps between active runs that are shorter than so many frames."""
    filled = active.copy()
    for start, stop in runs(~active):
        if 0 < start and stop < len(active) and stop - start < shorter:
            filled[start:stop] = True
    return filled


def without_short(active: np.ndarray, shorter: int) -> np.ndarray:
    """The active runs of at least so many frames."""
    kept = active.copy()
    for start, stop in runs(active):
        if stop - start < shorter:
            kept[start:stop] = False
    return kept


def runs(flags: np.ndarray) -> np.ndarray:
    """Half-open ranges of True, ``int64[k, 2]``."""
    return np.flatnonzero(np.diff(flags, prepend=False, append=False)).reshape(-1, 2)
