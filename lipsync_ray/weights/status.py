"""How weight files stand on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lipsync_ray.weights.checked import Checks
from lipsync_ray.weights.entry import WeightEntry
from lipsync_ray.weights.own import OwnFolder

State = Literal["present", "pinned", "unpinned", "own", "absent", "corrupt"]
"""``present``: the published file; ``pinned``, ``unpinned``: no hash is published, and it was or was not in
use before; ``own``: another file of the user's, taken as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStatus:
    """How one weight file stands."""

    entry: WeightEntry
    state: State
    path: Path | None  # where it lies, if anywhere

    @property
    def usable(self) -> bool:
        """Whether a run can take the file as it is."""
        return self.state not in ("absent", "corrupt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """Looks for files where the store looks, and changes nothing."""

    checks: Checks
    own: OwnFolder | None  # the user's folder
    trust: bool
    again: bool  # compute hashes anew

    def look(self, entry: WeightEntry) -> WeightStatus:
        """The file that a run would take, or why there is none."""
        named = self.own.named(entry) if self.own else []
        if self.trust and named:
            return self._status(entry, named[:1], otherwise="own")
        twin = self.own.twin(entry, self.checks) if self.own and not self._right(named, entry) else None
        if named or twin:
            return self._status(entry, [*named, *([twin] if twin else [])], otherwise="corrupt")
        kept = self.checks.folder / entry.file
        return self._status(entry, [kept] if kept.is_file() else [], otherwise="corrupt")

    def _status(self, entry: WeightEntry, places: Sequence[Path], otherwise: State) -> WeightStatus:
        if not places:
            return WeightStatus(entry=entry, state="absent", path=None)
        right = self._right(places, entry)
        if right is None:
            return WeightStatus(entry=entry, state=otherwise, path=places[0])
        return WeightStatus(entry=entry, state=self._standing(entry), path=right)

    def _right(self, places: Sequence[Path], entry: WeightEntry) -> Path | None:
        return next((path for path in places if self.checks.is_right(path, entry, again=self.again)), None)

    def _standing(self, entry: WeightEntry) -> State:
        if entry.sha256:
            return "present"
        return "pinned" if self.checks.expected(entry) else "unpinned"
