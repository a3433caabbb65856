"""When somebody talks, by two witnesses: measures of the voice, and the network that knows silence.

The measures (``speech.activity``) come first: they need no normalisation, which would make noise as loud as
speech. They know voices by their pitch and find sounds that may be whispering. The network then tells pauses
inside a talk, also those filled with music, and whispering from other sounds without a pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech import activity
from lipsync_ray.speech.features import FRAME_RATE, smooth
from lipsync_ray.speech.voice import Voice

SILENT = 0.5  # smoothed probability of silence
LOUD_SILENT, LOUD_DB = 0.8, 5.0  # more is asked of sounds as loud as the talk: music over a voice
PAUSE = 25  # frames of silence that are a pause; shorter gaps belong to the talk
SHORTEST = 15  # frames of talk between two pauses; less is a note or a knock
SIGMA = 2.0  # frames
WINDOW_S = 3.0
# Scores of the measures from which on the network is asked, and its mean probability of speech around that
# makes such a sound a talk.
ASK_ON, ASK_STAY = 0.75, 0.6
PITCHED = 0.35  # share of what is heard around
CONFIRMED = 0.6
LEAST_SURE = 300  # frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the measures say, ``bool[n]`` each."""

    audible: np.ndarray  # stands out of the quiet around, whatever it is
    loud: np.ndarray  # as loud as the loud parts around
    voiced: np.ndarray  # audible and with a pitch, whatever it is
    surely: np.ndarray  # a voice, and around it somebody talks
    perhaps: np.ndarray  # audible, and around it somebody may be talking or whispering

    @property
    def maybe(self) -> np.ndarray:
        """Frames of talk if the network agrees."""
        return activity.with_consonants(self.audible, self.surely | self.perhaps)

    @property
    def taught(self) -> np.ndarray:
        """Frames to learn from how talk sounds here: sure ones, if there are enough."""
        if np.count_nonzero(self.surely) < LEAST_SURE:
            return self.maybe
        return activity.with_consonants(self.audible, self.surely)


def listen(voice: Voice) -> Heard:
    """Ask the measures."""
    level = activity.loud_level(voice)
    audible = activity.audible(voice, level)
    voiced = audible & (voice.voicing > activity.VOICED)
    talk, whisper = activity.voice_scores(voice, audible), activity.whisper_scores(voice, audible)
    count = len(voice)
    pitched = activity.pitched_shares(voice, audible) > PITCHED  # swelling noise is not asked about
    perhaps = voiced & activity.where_high(np.where(pitched, talk, 0.0), count, ASK_ON, ASK_STAY)
    return Heard(
        audible=audible,
        loud=voice.level > level - LOUD_DB,
        voiced=voiced,
        surely=voiced & activity.where_high(talk, count),
        perhaps=perhaps | (audible & activity.where_high(whisper, count)),
    )


def talking(heard: Heard, silence: np.ndarray) -> np.ndarray:
    """Frames in which somebody talks, ``bool[n]``.

    Args:
        heard: what the measures say.
        silence: the network's probability of silence, ``float[n]``, not smoothed.
    """
    likely = 1.0 - smooth(silence, SIGMA)
    confirmed = heard.perhaps & (_around(likely, heard.audible) > CONFIRMED)
    talk = activity.with_consonants(heard.audible, heard.surely | confirmed)
    talk |= _touching(heard.voiced & (likely > 1.0 - SILENT), talk)
    silent = likely < 1.0 - np.where(heard.loud, LOUD_SILENT, SILENT)
    return activity.without_short(talk & ~activity.without_short(silent, PAUSE), SHORTEST)


def _touching(flags: np.ndarray, talk: np.ndarray) -> np.ndarray:
    """The flagged runs that begin or end in a talk: a vowel held for seconds no longer moves like one."""
    kept = flags.copy()
    for start, stop in activity.runs(flags):
        kept[start:stop] = talk[max(0, start - 1) : stop + 1].any()
    return kept


def _around(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Mean of the counted values in 3 s around each frame, 0 where there is none."""
    half = round(0.5 * WINDOW_S * FRAME_RATE)
    frames = np.arange(len(values))
    first, stop = np.maximum(frames - half, 0), np.minimum(frames + half + 1, len(values))
    total, count = (np.concatenate([[0.0], np.cumsum(v)]) for v in (values * counted, counted))
    return (total[stop] - total[first]) / np.maximum(count[stop] - count[first], 1.0)
