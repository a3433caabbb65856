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
PAUSE = 25  # frames of it that are a pause; shorter gaps belong to the talk
SIGMA = 2.0  # frames
WINDOW_S = 3.0
WHISPERING = 0.6  # mean probability of speech around that makes a sound without a pitch a whisper


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the measures say, ``bool[n]`` each."""

    audible: np.ndarray  # stands out of the quiet around, whatever it is
    voiced: np.ndarray  # around it somebody talks with a voice
    whispered: np.ndarray  # around it there is something that may be a whisper

    @property
    def maybe(self) -> np.ndarray:
        """Frames of talk if the network agrees."""
        return activity.with_consonants(self.audible, self.audible & (self.voiced | self.whispered))


def listen(voice: Voice) -> Heard:
    """Ask the measures."""
    audible = activity.audible(voice, activity.loud_level(voice))
    talk = audible & (voice.voicing > activity.VOICED) & activity.speech_like(voice, audible)
    return Heard(audible=audible, voiced=talk, whispered=audible & activity.whisper_like(voice, audible))


def talking(heard: Heard, silence: np.ndarray) -> np.ndarray:
    """Frames in which somebody talks, ``bool[n]``.

    Args:
        heard: what the measures say.
        silence: the network's probability of silence, ``float[n]``, not smoothed.
    """
    likely = 1.0 - smooth(silence, SIGMA)
    whisper = heard.whispered & (_around(likely, heard.audible) > WHISPERING)
    talk = activity.with_consonants(heard.audible, heard.voiced | whisper)
    pause = activity.without_short(likely < 1.0 - SILENT, PAUSE)
    return activity.without_short(talk & ~pause, round(activity.SHORTEST_S * FRAME_RATE))


def _around(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Mean of the counted values in 3 s around each frame, 0 where there is none."""
    half = round(0.5 * WINDOW_S * FRAME_RATE)
    frames = np.arange(len(values))
    first, stop = np.maximum(frames - half, 0), np.minimum(frames + half + 1, len(values))
    total, count = (np.concatenate([[0.0], np.cumsum(v)]) for v in (values * counted, counted))
    return (total[stop] - total[first]) / np.maximum(count[stop] - count[first], 1.0)
