"""Engines that spoil the files they are given, as a network drive or an impatient person does."""

from __future__ import annotations

import os
from pathlib import Path

from lipsync_ray.engines.base import FaceBatch, Preparation, Scene
from tests.toy_engines import Identity


def _spoiled() -> Path:
    """The file that is spoilt: ``gone.*`` in the folder of the run."""
    return next(iter(Path.cwd().glob("gone.*")), Path("gone"))


class Removes(Identity):
    """Removes the file."""

    def prepare(self, scene: Scene) -> Preparation:
        _spoiled().unlink(missing_ok=True)
        return Preparation()


class Cuts(Identity):
    """Leaves the first half of the file."""

    def prepare(self, scene: Scene) -> Preparation:
        os.truncate(_spoiled(), _spoiled().stat().st_size // 2)
        return Preparation()


class Zeroes(Identity):
    """Leaves as many zeros."""

    def prepare(self, scene: Scene) -> Preparation:
        _spoiled().write_bytes(bytes(_spoiled().stat().st_size))
        return Preparation()


class Replaces(Identity):
    """Puts another file in its place, which differs in nothing but its bytes."""

    def prepare(self, scene: Scene) -> Preparation:
        os.replace("other", _spoiled())
        return Preparation()


class RemovesLate(Identity):
    """Removes the file while frames of it are drawn."""

    def generate(self, batch: FaceBatch) -> FaceBatch:
        _spoiled().unlink(missing_ok=True)
        return batch
