"""How fast these machines are against the one that ``effort.py`` tells of, learnt from finished dubs."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lipsync_ray.errors import LipsyncError
from lipsync_ray.storage.files import exists, read_bytes, write_bytes
from lipsync_ray.storage.uri import join

NAME = "pace.json"
LEAST_WEIGHT = 0.1  # of a new dub against all before it: machines and programs change
LEAST_S = 1.0  # of work; less tells nothing
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What one kind of work has shown so far."""

    factor: float  # of the time that was measured to the time that was expected
    jobs: int

    def after(self, factor: float) -> Learnt:
        """The same after one more job: a geometric mean that forgets slowly."""
        weight = max(LEAST_WEIGHT, 1 / (self.jobs + 1))
        mixed = (1 - weight) * math.log(self.factor) + weight * math.log(factor)
        return Learnt(factor=math.exp(mixed), jobs=self.jobs + 1)


@dataclass(slots=True, kw_only=True)
class Paces:
    """Factors by kind of work, such as ``render/unit_selection/cpu``; kept in the cache."""

    learnt: dict[str, Learnt] = field(default_factory=dict)

    @classmethod
    def load(cls, root: str) -> Paces:
        """Those that are kept in a cache; none where there are none, or they are damaged."""
        place = join(root, NAME)
        try:
            if not exists(place):
                return cls()
            plain = json.loads(read_bytes(place))
            return cls(learnt={key: _learnt(value) for key, value in plain.items()})
        except (
            LipsyncError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            ArithmeticError,
            RecursionError,
        ) as error:
            logger.warning("%s is left aside: %s", place, error)
            return cls()

    def store(self, root: str) -> None:
        """Keep them; a cache that cannot be written is no reason to fail."""
        plain = {key: {"factor": round(one.factor, 4), "jobs": one.jobs} for key, one in self.learnt.items()}
        try:
            write_bytes(join(root, NAME), json.dumps(plain, indent=1, sort_keys=True).encode())
        except LipsyncError as error:
            logger.warning("what this run took is not kept for later estimates: %s", error)

    def learn(self, kind: str, *, expected_s: float, took_s: float) -> None:
        """Take note of what a job took, where that is long enough to tell something."""
        if expected_s <= 0 or took_s < LEAST_S:
            return
        factor = took_s / expected_s
        known = self.learnt.get(kind)
        self.learnt[kind] = known.after(factor) if known else Learnt(factor=factor, jobs=1)

    def factors(self, kinds: Mapping[str, str]) -> dict[str, float]:
        """The factor of each stage whose kind of work is known."""
        return {stage: self.learnt[kind].factor for stage, kind in kinds.items() if kind in self.learnt}


def _learnt(plain: Mapping[str, Any]) -> Learnt:
    factor, jobs = float(plain["factor"]), int(plain["jobs"])
    if not (math.isfinite(factor) and factor > 0 and jobs > 0):
        raise ValueError(f"factor {factor}, jobs {jobs}")
    return Learnt(factor=factor, jobs=jobs)
