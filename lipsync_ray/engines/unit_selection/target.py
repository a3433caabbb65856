"""From what the speech asks for to the mouth this person would make: the wanted descriptor of each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import present
from lipsync_ray.engines.unit_selection.descriptor import JAW, LO, PR, UP, A, W
from lipsync_ray.engines.unit_selection.person import GENERIC_SLOPES, Person

if TYPE_CHECKING:
    from lipsync_ray.speech.track import MouthCues

CLOSED = 0.5  # closure cue from which the lips must touch
_DEPENDENT = [UP, LO, JAW, PR]
_CURVE = 0.3  # weight of the aperture's square among the causes
_RIDGE = 0.05
_SLACK = 0.25  # how far outside the person's own range a wish may lie, as a share of it
# A still or a silent actor has no range of their own: opening at full cue, its limit, and width, in IO.
LAYERED_APERTURE, LAYERED_LIMIT, LAYERED_WIDTH = 0.13, 0.16, 0.05
LAYERED_REST = 0.03  # IO; lips further apart than this are a smile, not a rest
# IO: for f and v the lower lip comes up to the upper teeth, and pursed lips leave a hole; landmarks may
# call both closed, but less than this would be drawn as touching lips.
LABIODENTAL, PURSED = (0.028, 0.034), 0.026
_WIDEST, _NARROWEST = 1.5, -0.75  # widths that flat and fully rounded lips may have at most
# The widest sounds end at the 99th percentile times the first, and as many IO more as the second says.
_BEYOND, _LEAST_ROOM = 1.1, 0.01
_LAYERED_SPEED = 2.5  # IO per second, what people's own fastest hundredth of changes comes to


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How one person's lip heights, jaw and protrusion go along with aperture and width, on average."""

    mean: np.ndarray  # float64[6]
    coefficients: np.ndarray  # float64[3,4] on (a, w, curve of a), all about the mean

    def complete(self, aperture: np.ndarray, width: np.ndarray) -> np.ndarray:
        """Full descriptors ``float64[N,6]`` of the given apertures and widths."""
        out = np.empty((len(aperture), 6))
        out[:, A], out[:, W] = aperture, width
        causes = _causes(aperture - self.mean[A], width - self.mean[W])
        out[:, _DEPENDENT] = self.mean[_DEPENDENT] + causes @ self.coefficients
        return out


def _causes(aperture: np.ndarray, width: np.ndarray) -> np.ndarray:
    return np.stack([aperture, width, _CURVE * aperture**2], axis=1)


def fit_habit(descriptors: np.ndarray) -> Habit:
    """Ridge of the dependent descriptors on aperture, its square and width, from frames ``[N,6]``."""
    mean = descriptors.mean(axis=0)
    centred = descriptors - mean
    causes = _causes(centred[:, A], centred[:, W])
    products = causes.T @ causes + _RIDGE * np.eye(3)
    return Habit(mean=mean, coefficients=np.linalg.solve(products, causes.T @ centred[:, _DEPENDENT]))


def closed_aperture(person: Person) -> float:
    """Aperture that this person's almost closed mouth shows: where cue 0 lies while no lips must touch."""
    return 0.01 if person.low[A] > 0.03 else float(np.clip(person.low[A], 0.0, 0.012))


def wanted(cues: MouthCues, person: Person, habit: Habit, times: np.ndarray) -> np.ndarray:
    """The descriptor to aim for at each output frame, ``float64[T,6]``, in the person's own range.

    Lips that must touch get aperture 0 exactly; everywhere else no descriptor changes faster than the
    person's own usual limit, and wishes lie near the person's own range. Nothing is smoothed.
    """
    aperture = _aperture(cues, person)
    width = _width(cues, person)
    if person.layered:
        return _layered(cues, person, times)
    touching = np.asarray(cues.closure) >= CLOSED
    limit = person.change_p99[None] * _pace(times, person)[:, None]
    aperture = limit_change(aperture, limit[:, A])
    aperture = np.minimum(aperture, ceiling(touching, limit[:, A]))
    width = limit_change(width, limit[:, W])
    out = habit.complete(aperture, width)
    rounding = np.clip(cues.rounding, 0, 1)
    out[:, PR] += rounding * max(person.high[PR] - person.mid[PR], 0.0)
    slack = _SLACK * (person.p99 - person.p1)
    out[:, 1:] = np.clip(out, person.p1 - slack, person.p99 + slack)[:, 1:]
    return out


def _aperture(cues: MouthCues, person: Person) -> np.ndarray:
    closed = closed_aperture(person)
    spoken = _in_range(np.maximum(np.asarray(cues.aperture, np.float64), 0.0), closed, person)
    spoken = _never_quite_closed(spoken, cues)
    return spoken + _pause(cues) * (person.rest_aperture - spoken)


def _in_range(cue: np.ndarray, closed: float, person: Person) -> np.ndarray:
    """Cues 0..1 as apertures from closed to the 92nd percentile; more saturates above the 99th."""
    room = _BEYOND * person.p99[A] + _LEAST_ROOM - person.high[A]
    span = person.high[A] - closed
    return closed + np.minimum(cue, 1.0) * span + room * np.tanh(np.maximum(cue - 1.0, 0.0) * span / room)


def _never_quite_closed(aperture: np.ndarray, cues: MouthCues) -> np.ndarray:
    """Apertures with the hole of pursed lips, and with f and v brought to theirs as far as the cue says."""
    pursed = np.maximum(aperture, PURSED * np.clip(np.asarray(cues.rounding, np.float64), 0, 1))
    share = np.clip(np.asarray(cues.labiodental, np.float64), 0, 1)
    return pursed + share * (np.clip(pursed, *LABIODENTAL) - pursed)


def _width(cues: MouthCues, person: Person) -> np.ndarray:
    spread = _spread(cues)
    side = np.where(spread > 0, person.high[W] - person.mid[W], person.mid[W] - person.low[W])
    spoken = person.mid[W] + spread * side
    return spoken + _pause(cues) * (person.rest_width - spoken)


def _spread(cues: MouthCues) -> np.ndarray:
    """-1 narrow to +1 spread: the width cue, but a rounded mouth is not wide."""
    rounding = np.clip(np.asarray(cues.rounding, np.float64), 0, 1)
    return np.minimum(cues.width, _WIDEST + rounding * (_NARROWEST - _WIDEST))


def _pause(cues: MouthCues) -> np.ndarray:
    """1 in silence, 0 from half activity on."""
    return np.clip(1 - 2 * np.asarray(cues.speech, np.float64), 0, 1)


def _layered(cues: MouthCues, person: Person, times: np.ndarray) -> np.ndarray:
    open_to = np.maximum(np.asarray(cues.aperture, np.float64), 0.0)
    aperture = _never_quite_closed(np.minimum(LAYERED_APERTURE * open_to, LAYERED_LIMIT), cues)
    # One picture tells no rest: a portrait that laughs closes its lips in pauses like anybody else.
    rest = person.rest_aperture if person.rest_aperture < LAYERED_REST else 0.0
    aperture += _pause(cues) * (rest - aperture)
    limit = _LAYERED_SPEED * person.frame_seconds * _pace(times, person)
    aperture = limit_change(aperture, limit)
    aperture = np.minimum(aperture, ceiling(np.asarray(cues.closure) >= CLOSED, limit))
    out = np.repeat(person.mid[None], len(aperture), axis=0)
    out[:, A] = aperture
    out[:, W] += LAYERED_WIDTH * np.clip(_spread(cues), -1, 1) * (1 - _pause(cues))
    causes = out[:, [A, W]] - person.mid[[A, W]]
    out[:, _DEPENDENT] += causes @ GENERIC_SLOPES
    return out


def _pace(times: np.ndarray, person: Person) -> np.ndarray:
    """Source frames that pass from the output frame before to each one, ``float64[T]``."""
    if len(times) < 2:
        return np.ones(len(times))
    steps = np.diff(times, prepend=2 * times[0] - times[1]) / person.frame_seconds
    return np.clip(steps, 0.2, 5.0)


def limit_change(values: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """The track ``[T]`` halfway between its smallest majorant and largest minorant of limited change.

    ``limit[t]`` bounds the change from t-1 to t. Where the track already keeps the limit it is returned
    as it is; elsewhere a fast change is spread to both sides alike, so its moment stays.
    """
    return 0.5 * (_envelope(values, limit) - _envelope(-values, limit))


def ceiling(touching: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Highest aperture ``[T]`` that still reaches 0 in every touching frame within the limit.

    A frame alone between two closures gets half as much: lips that part and stop within it have no time to
    reach their full speed, and one wide-open frame is a flash.
    """
    nearest = -_envelope(np.where(touching, 0.0, -np.inf), limit)
    alone = np.zeros(len(touching), bool)
    alone[1:-1] = touching[:-2] & ~touching[1:-1] & touching[2:]
    return np.where(alone, 0.5 * nearest, nearest)


def _envelope(values: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Smallest track above ``values`` that changes by at most ``limit``."""
    out, steps = values.tolist(), limit.tolist()
    for t in range(1, len(out)):
        out[t] = max(out[t], out[t - 1] - steps[t])
    for t in range(len(out) - 2, -1, -1):
        out[t] = max(out[t], out[t + 1] - steps[t + 1])
    return np.array(out)


def towards_measured(target: np.ndarray, measured: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """``strength [T]`` of the target, the rest of what the frame shows; unmeasured frames keep the target."""
    seen = present(measured)
    weight = np.where(seen, strength, 1.0)[:, None].astype(np.float64)
    return weight * target + (1 - weight) * np.where(seen[:, None], measured, 0.0)


def read_articulation(descriptors: np.ndarray, person: Person) -> dict[str, np.ndarray]:
    """Another speaker's measured mouth as the fields of `speech.track.MouthCues`: a dub with known truth.

    ``descriptors [T,6]`` are theirs and ``person`` is who they belong to.
    """
    closed = closed_aperture(person)
    aperture = (descriptors[:, A] - closed) / max(person.high[A] - closed, 1e-6)
    offset = descriptors[:, W] - person.mid[W]
    side = np.where(offset > 0, person.high[W] - person.mid[W], person.mid[W] - person.low[W])
    return {
        "aperture": np.maximum(aperture, 0.0).astype(np.float32),
        "width": (offset / np.maximum(side, 1e-6)).astype(np.float32),
        "rounding": np.zeros(len(descriptors), np.float32),
        "labiodental": np.zeros(len(descriptors), np.float32),
        "closure": (descriptors[:, A] < 0.012).astype(np.float32),
        "speech": np.ones(len(descriptors), np.float32),
    }
