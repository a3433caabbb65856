"""``speech=visemes``: the trained network's mouth, and what it can tell about a sound beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from lipsync_ray.speech.visemes.network import VisemeNet, load_nets

BLOCK = 1000  # frames that the networks read at a time
MARGIN = 100  # frames around a possible talk that they read, too
SILENT = np.append(WEIGHTS[SILENCE], 0).astype(np.float32)  # pulls where nothing is read


class VisemeModel:
    """Reads the mouth off a sound by the sounds of speech in it, in any language.

    Args:
        nets: networks, by default those of the package, loaded when first needed.
    """

    name = "visemes"

    def __init__(self, nets: Sequence[VisemeNet] | None = None) -> None:
        self._nets = tuple(nets) if nets is not None else None

    @property
    def nets(self) -> tuple[VisemeNet, ...]:
        """The networks; their answers are averaged."""
        if self._nets is None:
            self._nets = load_nets()
        return self._nets

    def track(self, samples: Sound, rate: int = 16000, habit: Habit | None = None) -> MouthTrack:
        """Read the mouth off ``float32[n]`` mono samples, at 100 Hz.

        The result depends neither on the sound's overall level nor on how it is cut into blocks.

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
        pulls = self._pulls(hearing, habit)
        return mouth(_lips(pulls, habit), gate.talking(hearing.heard, pulls[:, 7]))

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
        hidden = self._hidden_at(hearing, frames)
        return Evidence(hidden=hidden, aperture=aperture, width=width, speech=speech)

    def _pulls(self, hearing: Hearing, habit: Habit | None) -> np.ndarray:
        """``pulled``'s columns and the habit's correction, ``float32[n, 9]``."""
        maybe = hearing.heard.maybe
        width = sum(net.width for net in self.nets)
        if habit is not None and len(habit.aperture_weights) != width:
            raise ValueError(
                f"a habit of {len(habit.aperture_weights)} weights; the networks have {width} units"
            )
        pulls = np.tile(SILENT, (len(hearing), 1))
        for start in range(0, len(hearing), BLOCK):
            stop = min(start + BLOCK, len(hearing))
            if maybe[max(0, start - MARGIN) : stop + MARGIN].any():
                hidden = self._hidden(hearing, start, stop)
                said = [pulled(net.posteriors(rows)) for net, rows in zip(self.nets, hidden, strict=True)]
                pulls[start:stop, :8] = sum(said) / len(said)
                if habit is not None:
                    pulls[start:stop, 8] = np.concatenate(hidden, axis=1) @ habit.aperture_weights
        return pulls

    def _hidden(self, hearing: Hearing, start: int, stop: int) -> list[np.ndarray]:
        """Last hidden layers of a range of frames, one ``float32[stop - start, H]`` per network."""
        reach = max(net.reach for net in self.nets)
        first = max(0, start - reach)
        features = hearing.features(first, min(len(hearing), stop + reach))
        return [net.hidden(features)[start - first : stop - first] for net in self.nets]

    def _hidden_at(self, hearing: Hearing, frames: np.ndarray) -> np.ndarray:
        out = np.zeros((len(frames), sum(net.width for net in self.nets)), np.float32)
        for start, stop, chosen in _parts(frames, len(hearing)):
            first, last = max(0, start - _REACH), min(len(hearing), stop + 1 + _REACH)
            rows = _smoothed(np.concatenate(self._hidden(hearing, first, last), axis=1))
            place = frames[chosen] - first
            left = np.minimum(place.astype(int), len(rows) - 1)
            right = np.minimum(left + 1, len(rows) - 1)
            out[chosen] = rows[left] + (place - left)[:, None] * (rows[right] - rows[left])
        return out


_REACH = round(3 * SIGMA_APERTURE)


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
