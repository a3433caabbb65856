"""The baseline speech model: energy, voicing and the first two formants, no training data of faces.

It knows vowels roughly (an open *a* against a rounded *u*) and closures by their dips in level; it does not
know words. Measured against real faces its aperture correlates at about 0.2 to 0.3 while somebody talks,
where a trained model reaches 0.5: use it to try the pipeline, or where nothing else may run.

The weights below are a least-squares fit of labelled synthetic speech (104 English sentences, four voices
of flite), each sound standing for the lips it is made with: open *a ae eh*, small rounded *o u w*, closed
*p b m*, lips apart for *s t*. Formants count relative to the speaker's own median.
"""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech import activity
from lipsync_ray.speech.features import FRAME_RATE, smooth
from lipsync_ray.speech.samples import prepared
from lipsync_ray.speech.shaping import open_share, stretched
from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.track import MouthTrack, at_rest
from lipsync_ray.speech.voice import Voice, measure

SIGMA_APERTURE, SIGMA_WIDTH = 4.0, 6.0  # frames of 10 ms: neighbouring sounds share the lips (coarticulation)
#            one   voiced   z1    z2  z1*z1 z1*z2  noise  quiet  murmur
APERTURE = (0.41, -0.03, 0.24, 0.16, 0.05, 0.05, -0.02, -0.41, -0.11)
WIDTH = (0.19, -0.29, 0.17, 0.32, 0.08, 0.11, 0.04, -0.21, 0.07)
ROUNDING = (0.10, 0.14, -0.06, -0.14, 0.00, 0.00, 0.01, -0.10, -0.08)
# Low and high of each curve on ordinary speech: what a clip's own percentiles are drawn towards when it
# holds little speech, and the least spread that is stretched to a full opening.
USUAL_APERTURE, USUAL_WIDTH, USUAL_ROUNDING = (0.13, 0.55), (-0.23, 0.23), (0.05, 0.30)
REST_DB = -28.0  # below the loud parts: a pause inside the talk
DIP_DB, DIP_BALANCE_DB = 10.0, 8.0  # a closure: this much quieter than both sides, and darker than this
DIP_REACH = 12  # frames to each side
HOLD = 6  # frames: a closure's samples span 50 ms, two frames of video at 24 per second (MouthTrack.at)
LONGEST = 15  # frames; longer dips are pauses


class FormantModel:
    """``speech=formants``; see the module for what it is worth."""

    name = "formants"

    def track(self, samples: Sound, rate: int = 16000) -> MouthTrack:
        """Read the mouth off ``float32[n]`` mono samples, at 100 Hz.

        The result depends neither on the sound's overall level nor on how it is cut into blocks.

        Raises:
            AudioUnreadable: no samples.
            ValueError: not a vector of samples, or a rate that is not positive.
        """
        return from_voice(measure(prepared(samples, rate)))


def from_voice(voice: Voice) -> MouthTrack:
    """The mouth of measured sound."""
    loud = activity.loud_level(voice)
    talk = activity.talking(voice, loud)
    if not talk.any():
        return at_rest(len(voice), FRAME_RATE)
    relative = voice.level - loud
    # Outside a talk the mouth holds the shape of the nearest sound while the envelope opens or shuts it.
    inputs = descriptors(voice, relative, talk)[_nearest(talk)]
    speech = activity.envelope(talk)
    closure = closures(voice, relative, talk)
    aperture = stretched(smooth(inputs @ np.array(APERTURE), SIGMA_APERTURE), talk, USUAL_APERTURE)
    width = stretched(smooth(inputs @ np.array(WIDTH), SIGMA_WIDTH), talk, USUAL_WIDTH)
    rounding = stretched(smooth(inputs @ np.array(ROUNDING), SIGMA_WIDTH), talk, USUAL_ROUNDING)
    aperture = np.clip(0.05 + 0.95 * aperture, 0.0, 1.3) * speech * open_share(closure)
    curves = {
        "aperture": aperture,
        "width": np.clip(2.0 * width - 1.0, -1.2, 1.2) * speech,
        "rounding": np.clip(rounding, 0.0, 1.0) * speech,
        "labiodental": np.zeros(len(voice)),  # formants cannot tell f from s
        "closure": closure.astype(np.float64),
        "speech": speech,
    }
    return MouthTrack(rate=FRAME_RATE, **{name: curve.astype(np.float32) for name, curve in curves.items()})


def descriptors(voice: Voice, relative: np.ndarray, talk: np.ndarray) -> np.ndarray:
    """What the weights multiply, ``float64[n, 9]``; ``relative``: level against the loud parts, dB."""
    quiet = relative <= REST_DB
    voiced = np.isfinite(voice.f1) & ~quiet
    known = voiced & talk
    z1, z2 = (_deviation(f, voiced, known) for f in (voice.f1, voice.f2))
    noise = (voice.voicing < 0.4) & ~quiet
    dark = np.clip((voice.low - 8.0) / 10.0, 0.0, 1.0)
    murmur = np.where((voice.voicing > 0.5) & ~quiet, dark, 0.0)
    return np.stack([np.ones(len(voice)), voiced, z1, z2, z1 * z1, z1 * z2, noise, quiet, murmur], axis=1)


def closures(voice: Voice, relative: np.ndarray, talk: np.ndarray) -> np.ndarray:
    """Moments at which the lips probably touch, ``bool[n]``: short, dark dips of level inside the talk."""
    level = np.maximum(relative, -45.0)
    padded = np.pad(level, DIP_REACH, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, DIP_REACH + 1).max(1)
    sides = np.minimum(highest[: len(level)], highest[DIP_REACH:])
    dark = (voice.low > DIP_BALANCE_DB) | (level < REST_DB)
    found = np.zeros(len(level), bool)
    for start, stop in activity.runs((sides - level > DIP_DB) & dark & talk):
        if stop - start > LONGEST:
            continue
        missing = max(0, HOLD - (stop - start))
        first = max(0, start - missing // 2)
        found[first : first + max(HOLD, stop - start)] = True
    return found


def _nearest(active: np.ndarray) -> np.ndarray:
    """Number of the active frame nearest to each frame, ``int64[n]``."""
    where = np.flatnonzero(active)
    middle = 0.5 * (where[1:] + where[:-1])
    return where[np.searchsorted(middle, np.arange(len(active)))]


def _deviation(hz: np.ndarray, voiced: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Log distance of a formant from the speaker's median in units of 0.3, 0 where there is none."""
    if not known.any():
        return np.zeros(len(hz))
    middle = float(np.median(hz[known]))
    return np.where(voiced, np.clip(np.log(np.where(voiced, hz, middle) / middle) / 0.3, -2.0, 2.0), 0.0)
