"""From probabilities of sounds to the movement of a mouth.

Each sound pulls the lips towards its shape, the more the likelier it is and the more it imposes itself, and
neighbouring sounds share the lips (coarticulation): an average over time, weighted by dominance. Where the
network is unsure the average is pulled to the middle, so that the movement is brought back to the range of
ordinary speech afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech import activity
from lipsync_ray.speech.features import FRAME_RATE, smooth
from lipsync_ray.speech.shaping import open_share, stretched
from lipsync_ray.speech.track import MouthTrack, at_rest
from lipsync_ray.speech.visemes.classes import (
    APERTURE,
    APERTURE_STRENGTH,
    BILABIALS,
    COUNT,
    LABIODENTAL,
    ROUNDING,
    SILENCE,
    WIDTH,
    WIDTH_STRENGTH,
)
from lipsync_ray.speech.visemes.closures import closures

SIGMA_APERTURE, SIGMA_WIDTH = 4.0, 6.0  # frames of 10 ms
SIGMA_BILABIAL, SIGMA_LABIODENTAL = 1.0, 2.0
# Low and high (8th and 92nd percentile) of each curve on ordinary speech, in the table's units.
USUAL_APERTURE, USUAL_WIDTH, USUAL_ROUNDING = (0.01, 0.68), (-0.43, 0.36), (0.03, 0.58)
LOWEST = 0.05  # opening at the 8th percentile
GAP = 0.15  # lips stay apart in gaps too short to be a pause
OPEN = 1.1  # opening at the 92nd percentile: closures and a speaker's own pace take some of it away
HIGHEST = 1.3


def _weights() -> np.ndarray:
    rows = np.zeros((COUNT, 8))
    rows[:, 0], rows[:, 1] = APERTURE_STRENGTH * APERTURE, APERTURE_STRENGTH
    rows[:, 2], rows[:, 3] = WIDTH_STRENGTH * WIDTH, WIDTH_STRENGTH * ROUNDING
    rows[:, 4] = WIDTH_STRENGTH
    rows[list(BILABIALS), 5] = 1.0
    rows[LABIODENTAL, 6] = 1.0
    rows[SILENCE, 7] = 1.0
    return rows.astype(np.float32)


WEIGHTS = _weights()  # [32, 8]


def pulled(posteriors: np.ndarray) -> np.ndarray:
    """What probabilities ``float32[n, 32]`` say in all, ``float32[n, 8]``: enough for ``Lips``.

    Columns: pull of the aperture and its weight, pulls of width and rounding and their weight, probability
    of a bilabial, of a labiodental and of silence.
    """
    return posteriors @ WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Lips:
    """The lips in the table's units, ``float64[n]`` each; no rule for closures or silence applied."""

    aperture: np.ndarray
    width: np.ndarray
    rounding: np.ndarray
    bilabial: np.ndarray  # probability
    labiodental: np.ndarray  # probability
    silence: np.ndarray  # probability


def lips(pulls: np.ndarray) -> Lips:
    """Dominance-weighted averages over time of ``pulled``'s ``float32[n, 8]``."""
    pull, weight = (smooth(pulls[:, k], SIGMA_APERTURE) for k in (0, 1))
    width, rounding, share = (smooth(pulls[:, k], SIGMA_WIDTH) for k in (2, 3, 4))
    return Lips(
        aperture=pull / np.maximum(weight, 1e-6),
        width=width / np.maximum(share, 1e-6),
        rounding=rounding / np.maximum(share, 1e-6),
        bilabial=smooth(pulls[:, 5], SIGMA_BILABIAL),
        labiodental=smooth(pulls[:, 6], SIGMA_LABIODENTAL),
        silence=smooth(pulls[:, 7], SIGMA_APERTURE),
    )


def mouth(shape: Lips, talk: np.ndarray) -> MouthTrack:
    """The mouth track of lips that talk in the frames ``talk`` (``bool[n]``) and rest in all others.

    A rest is all zero; the mouth closes over 100 ms after a talk and opens 80 ms before the next.
    """
    if not talk.any():
        return at_rest(len(talk), FRAME_RATE)
    speech = activity.envelope(talk)
    touching = closures(shape.bilabial, shape.aperture, shape.rounding, speech)
    aperture = LOWEST + (OPEN - LOWEST) * stretched(shape.aperture, talk, USUAL_APERTURE)
    aperture = np.maximum(aperture, GAP * shape.silence)
    width = stretched(shape.width, talk, USUAL_WIDTH)
    rounding = stretched(shape.rounding, talk, USUAL_ROUNDING)
    return MouthTrack(
        rate=FRAME_RATE,
        aperture=(np.clip(aperture, 0.0, HIGHEST) * speech * open_share(touching)).astype(np.float32),
        width=(np.clip(2.0 * width - 1.0, -1.2, 1.2) * speech).astype(np.float32),
        rounding=(np.clip(rounding, 0.0, 1.0) * speech).astype(np.float32),
        labiodental=(np.clip(shape.labiodental, 0.0, 1.0) * speech).astype(np.float32),
        closure=touching.astype(np.float32),
        speech=speech.astype(np.float32),
    )
