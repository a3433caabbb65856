"""``speech=visemes``: the trained network's mouth, and what it can tell about a sound beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lipsync_ray.speech.evidence import Evidence, Habit
from lipsync_ray.speech.features import FRAME_RATE, smooth
from lipsync_ray.speech.samples import prepared
from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.track import MouthTrack, at_rest
from lipsync_ray.speech.visemes import gate
from lipsync_ray.speech.visemes.classes import SILENCE
from lipsync_ray.speech.visemes.decode import SIGMA_APERTURE, WEIGHTS, Lips, lips, mouth, pulled
from lipsync_ray.speech.visemes.hearing import Hearing, listen
from lipsync_ray.speech.visemes.sequence import PIECE
from lipsync_ray.speech.visemes.weights import Weights, load_weights

BLOCK = 1000  # frames that the networks read at a time
MARGIN = 100  # frames around a possible talk that they read, too
SILENT = np.append(WEIGHTS[SILENCE], 0).astype(np.float32)  # pulls where nothing is read


class VisemeModel:
    """Reads the mouth off a sound by the sounds of speech in it, in any language.

    Args:
        weights: by default those of the package, loaded when first needed.
    """

    name = "visemes"

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights

    @property
    def weights(self) -> Weights:
        """The networks and what goes with them."""
        if self._weights is None:
            self._weights = load_weights()
        return self._weights

    def track(self, samples: Sound, rate: int = 16000, habit: Habit | None = None) -> MouthTrack:
        """Read the mouth off ``float32[n]`` mono samples, at 100 Hz.

        The result depends neither on how the sound is cut into blocks nor on its overall level, as long as it
        is heard at all (``activity.QUIET_DB``).

        Args:
            samples: the sound; sample 0 is time 0.
            rate: Hz.
            habit: how this person's opening differs from the usual.

        Raises:
            AudioUnreadable: no samples.
            WeightsMissing, WeightsCorrupt: the networks cannot be loaded.
            ValueError: not a vector of samples, a rate that is not positive, or a habit of other networks.
        """
        hearing = listen(prepared(samples, rate))
        if not hearing.heard.maybe.any():
            return at_rest(len(hearing), FRAME_RATE)
        pulls, heard = self._pulls(hearing, habit), hearing.heard
        del hearing  # and then the others: what follows has curves of its own, as long as the sound
        talk = gate.talking(heard, pulls[:, 7])
        shape = _lips(pulls, habit)
        del heard, pulls
        return mouth(shape, talk)

    def evidence(self, samples: Sound, times: np.ndarray) -> Evidence:
        """What the networks make of a sound at 16 kHz at ascending ``times`` (``float64[m]``, seconds)."""
        hearing = listen(prepared(samples))
        pulls = self._pulls(hearing, None)
        shape, talk = _lips(pulls, None), gate.talking(hearing.heard, pulls[:, 7])
        frames = np.asarray(times, np.float64) * FRAME_RATE
        every = np.arange(len(hearing))
        curves = (shape.aperture, shape.width, talk.astype(np.float64))
        found = [np.interp(frames, every, curve, left=0.0, right=0.0).astype(np.float32) for curve in curves]
        aperture, width, speech = found
        hidden = _HiddenRows(self.weights, hearing, frames)
        return Evidence(hidden=hidden, aperture=aperture, width=width, speech=speech)

    def _pulls(self, hearing: Hearing, habit: Habit | None) -> np.ndarray:
        """``pulled``'s columns and the habit's correction, ``float32[n, 9]``."""
        maybe, weights = hearing.heard.maybe, self.weights
        if habit is not None and len(habit.aperture_weights) != weights.width:
            raise ValueError(
                f"a habit of {len(habit.aperture_weights)} weights; the networks have {weights.width} units"
            )
        pulls = np.tile(SILENT, (len(hearing), 1))
        for start in range(0, len(hearing), BLOCK):
            stop = min(start + BLOCK, len(hearing))
            if not maybe[max(0, start - MARGIN) : stop + MARGIN].any():
                continue
            # The order of sounds is looked at a whole piece before and after, so that blocks agree.
            first, last = max(0, start - PIECE), min(len(hearing), stop + PIECE)
            hidden, mine = _hidden(weights, hearing, first, last), slice(start - first, stop - first)
            said = weights.sequence.applied(weights.posteriors(hidden))
            pulls[start:stop, :8] = pulled(said[mine])
            if habit is not None:
                pulls[start:stop, 8] = hidden[mine] @ habit.aperture_weights
        return pulls


def _hidden(weights: Weights, hearing: Hearing, start: int, stop: int) -> np.ndarray:
    """Last hidden layers of a range of frames, ``float32[stop - start, H]``."""
    first = max(0, start - weights.reach)
    features = hearing.features(first, min(len(hearing), stop + weights.reach))
    return weights.hidden(features)[start - first : stop - first]


_REACH = round(3 * SIGMA_APERTURE)


class _HiddenRows:
    """Last hidden layers at ascending places (in frames), smoothed, computed when they are asked for.

    All of them would be most of what a long sound takes.
    """

    def __init__(self, weights: Weights, hearing: Hearing, frames: np.ndarray) -> None:
        self._weights, self._hearing, self._frames = weights, hearing, frames
        self._parts = list(_parts(frames, len(hearing)))
        self._known: tuple[int, np.ndarray] = (-1, np.empty(0))  # the last part that was computed
        self.shape = (len(frames), weights.width)

    def __getitem__(self, wanted: slice) -> np.ndarray:
        start, stop, _ = wanted.indices(len(self._frames))
        out = np.zeros((max(0, stop - start), self.shape[1]), np.float32)
        for number, (_, _, rows) in enumerate(self._parts):
            first, last = max(start, rows.start), min(stop, rows.stop)
            if first < last:
                out[first - start : last - start] = self._part(number)[first - rows.start : last - rows.start]
        return out

    def _part(self, number: int) -> np.ndarray:
        if self._known[0] != number:
            self._known = number, self._computed(*self._parts[number])
        return self._known[1]

    def _computed(self, start: int, stop: int, chosen: slice) -> np.ndarray:
        first, last = max(0, start - _REACH), min(len(self._hearing), stop + 1 + _REACH)
        rows = _smoothed(_hidden(self._weights, self._hearing, first, last))
        place = self._frames[chosen] - first
        left = np.minimum(place.astype(int), len(rows) - 1)
        right = np.minimum(left + 1, len(rows) - 1)
        found = rows[left] + (place - left)[:, None] * (rows[right] - rows[left])
        return found.astype(np.float32)


def _lips(pulls: np.ndarray, habit: Habit | None) -> Lips:
    shape = lips(pulls[:, :8])
    if habit is None:
        return shape
    change = smooth(pulls[:, 8], SIGMA_APERTURE) + habit.aperture_bias
    return replace(shape, aperture=shape.aperture + change)


def _parts(frames: np.ndarray, count: int) -> Iterator[tuple[int, int, slice]]:
    """Blocks of frames and which of the ascending places (in frames) lie in each; none lies outside."""
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        bounds = np.searchsorted(frames, [start, stop if stop < count else count - 1 + 1e-9])
        if bounds[0] < bounds[1]:
            yield start, stop, slice(*bounds)


def _smoothed(rows: np.ndarray) -> np.ndarray:
    """Every column of ``float32[n, H]`` as by ``features.smooth`` with ``SIGMA_APERTURE``."""
    kernel = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / SIGMA_APERTURE) ** 2).astype(np.float32)
    padded = np.pad(rows, ((_REACH, _REACH), (0, 0)))
    total = np.zeros_like(rows)
    for tap, weight in enumerate(kernel):
        total += weight * padded[tap : tap + len(rows)]
    share = np.convolve(np.ones(len(rows)), kernel)[_REACH : _REACH + len(rows)]
    return total / share[:, None].astype(np.float32)
