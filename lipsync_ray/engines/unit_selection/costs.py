"""What it costs to show a unit in an output frame, whatever came before.

Everything is in units of about one squared standard deviation of the descriptor, so that shape, pose and
joins can be weighed against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection.descriptor import SIGMA, A

WEIGHTS: np.ndarray = np.array([2.2, 1.2, 0.7, 0.9, 0.5, 0.4])
WEIGHTS.flags.writeable = False
# A unit that opens less than wanted looks mute: dearer than one that opens more, above this aperture.
_TOO_CLOSED, _SPEAKING = 2.0, 0.03
# A unit that opens much more keeps some of it when it is closed: what the warp hides, the eye still sees.
_TOO_OPEN, _STANDS = 2.0, 0.02
# Below NEARLY_CLOSED, lips should touch: in the landmarks, and in the picture, which may still show teeth.
NEARLY_CLOSED, _RAMP, _TOUCHING, _CLOSURE_SCALE, _CLOSURE = 0.025, 0.01, 0.012, 0.02, 4.0
_UNSEEN = 0.005  # IO: less than this between the lips shows nothing
# An open mouth must look open: half of its aperture, up to half of _SEEN, must be visible as teeth or dark. A
# frame caught in motion, or blended of two, has open landmarks and a smear of lip colour between them.
_SEEN, _SMEARED, _SMEAR_SCALE = 0.06, 3.0, 0.03
# The picture of a unit contradicts its landmarks: shown only where nothing else will do.
_CONTRADICTED = 4.0
_YAW, _PITCH, _LOG_SCALE = 10.0, 10.0, 0.25
_BLURRED, _BLUR_SLACK = 6.0, 0.1  # a motion-blurred mouth on a sharp face
_ROWS = 32  # frames whose costs are worked out at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """How a face is seen, in some frames: the part of a cost that has nothing to do with speech."""

    yaw: np.ndarray  # float64[N] degrees
    pitch: np.ndarray  # float64[N] degrees
    scale: np.ndarray  # float64[N] px per IO
    shot: np.ndarray  # int32[N]
    sharp: np.ndarray  # float64[N] log detail of the mouth

    def take(self, rows: np.ndarray | slice) -> Views:
        """The views of some frames."""
        parts = {name: getattr(self, name)[rows] for name in ("yaw", "pitch", "scale", "shot", "sharp")}
        return Views(**parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Source frames that may lend their mouth."""

    source: np.ndarray  # int64[U] source frame, ascending
    descriptor: np.ndarray  # float64[U,6] raw
    views: Views
    verified: np.ndarray  # bool[U]: the picture shows closed lips
    contradicted: np.ndarray  # bool[U]: landmarks say closed, the picture does not
    visible: np.ndarray  # float32[U] IO, height of what the picture shows between the lips; inf: not known
    foreign: np.ndarray  # float32[S,S] cost of a unit from one shot (column) in another (row)

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: np.ndarray) -> Candidates:
        """Some of them."""
        return Candidates(
            source=self.source[rows],
            descriptor=self.descriptor[rows],
            views=self.views.take(rows),
            verified=self.verified[rows],
            contradicted=self.contradicted[rows],
            visible=self.visible[rows],
            foreign=self.foreign,
        )


def local_costs(target: np.ndarray, views: Views, units: Candidates) -> np.ndarray:
    """Cost of each unit in each frame, ``float32[T,U]``; ``target [T,6]``."""
    cost = squared_distances(_point(target, views), _point(units.descriptor, units.views))
    for start in range(0, len(cost), _ROWS):  # working out what is added takes ten times the memory of it
        rows = slice(start, start + _ROWS)
        _add_one_sided(cost[rows], target[rows, A], views.take(rows), units)
    return cost


def _add_one_sided(cost: np.ndarray, aperture: np.ndarray, views: Views, units: Candidates) -> None:
    """Add to ``cost [T,U]`` all that depends on the direction of a difference; ``aperture [T]`` is wanted."""
    wanted, shown = aperture.astype(np.float32)[:, None], units.descriptor[:, A].astype(np.float32)[None]
    short = np.minimum(shown - wanted, 0) / np.float32(SIGMA[A])
    extra = np.float32((_TOO_CLOSED - 1) * WEIGHTS[A])
    cost += np.where(wanted > _SPEAKING, extra * short**2, 0)
    over = np.maximum(shown - wanted - np.float32(_STANDS), 0) / np.float32(SIGMA[A])
    cost += np.float32((_TOO_OPEN - 1) * WEIGHTS[A]) * over**2
    hidden = np.maximum(np.minimum(wanted, _SEEN) / 2 - units.visible.astype(np.float32)[None], 0)
    smeared = np.float32(_SMEARED) * (hidden / np.float32(_SMEAR_SCALE)) ** 2
    cost += np.where(wanted > _SPEAKING, smeared, 0)
    firm = np.clip((NEARLY_CLOSED - wanted) / np.float32(_RAMP), 0, 1)
    seen = np.where(np.isfinite(units.visible), units.visible - _UNSEEN, 0).astype(np.float32)[None]
    gap = np.maximum(np.maximum(shown - np.float32(_TOUCHING), seen) / np.float32(_CLOSURE_SCALE), 0)
    gap = np.where(units.verified[None], 0, gap**2 * np.float32(_CLOSURE))
    cost += firm * (gap + np.float32(_CONTRADICTED) * units.contradicted[None])
    blur = np.maximum((views.sharp - _BLUR_SLACK)[:, None] - units.views.sharp[None], 0)
    cost += np.float32(_BLURRED) * blur.astype(np.float32) ** 2
    cost += units.foreign[views.shot[:, None], units.views.shot[None]]


def _point(descriptor: np.ndarray, views: Views) -> np.ndarray:
    """Descriptor and view as a point whose squared distances are the symmetric part of the cost."""
    mouth = descriptor * (np.sqrt(WEIGHTS) / SIGMA)
    pose = [views.yaw / _YAW, views.pitch / _PITCH, np.log(views.scale) / _LOG_SCALE]
    return np.concatenate([mouth, np.stack(pose, axis=1)], axis=1)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of the points ``a [M,D]`` to ``b [N,D]``, ``float32[M,N]``, never negative."""
    centre = b.mean(axis=0)
    a, b = (a - centre).astype(np.float32), (b - centre).astype(np.float32)
    cost = a @ (-2 * b.T)
    cost += (a * a).sum(axis=1)[:, None]
    cost += (b * b).sum(axis=1)[None]
    return np.maximum(cost, 0, out=cost)
