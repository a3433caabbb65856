"""How a speakers map names a face."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from lipsync_ray.errors import ConfigError
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.kinds import suggest

_WORDS = ("left", "right", "largest")
_NUMBERS = re.compile(r"#?\d+(\+#?\d+)*")
_PLACE = re.compile(r"-?[\d.]+(:-?[\d.]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A face as a map names it.

    ``3`` or ``3+7``: faces by their numbers, as ``speakers`` and ``plan`` show them; ``left``, ``right``,
    ``largest``; ``640:200``, the face nearest to that point; ``600:100:900:400``, a face in that box;
    anything else is the file of a picture of the person.
    """

    kind: Literal["faces", "left", "right", "largest", "point", "box", "reference"]
    faces: tuple[int, ...] = ()
    place: tuple[float, ...] = ()
    picture: str = ""

    @property
    def relative(self) -> bool:
        """Whether it depends on who else is there."""
        return self.kind in ("left", "right", "largest")

    def settings(self, face: FaceSettings) -> FaceSettings:
        """The options that choose this face."""
        match self.kind:
            case "faces":
                return replace(face, select="largest")
            case "point":
                return replace(face, select="point", point=(self.place[0], self.place[1]))
            case "box":
                x0, y0, x1, y1 = self.place
                return replace(face, select="box", box=(x0, y0, x1, y1))
            case "reference":
                return replace(face, select="reference", reference=self.picture)
            case _:
                return replace(face, select=self.kind)


def parse_who(text: str) -> Who:
    """Read the name of a face.

    Raises:
        ConfigError: it is none of these.
    """
    text = text.strip()
    if text in _WORDS:
        return Who(kind=text)  # type: ignore[arg-type]
    if _NUMBERS.fullmatch(text):
        return Who(kind="faces", faces=tuple(int(part.lstrip("#")) for part in text.split("+")))
    if _PLACE.fullmatch(text):
        return _place(text)
    if "." not in text:
        raise ConfigError(
            f"speakers: face {text}: expected left, right, largest, a number, x:y, x0:y0:x1:y1 or the file "
            f"of a picture{suggest(text, _WORDS)}"
        )
    return Who(kind="reference", picture=text)


def _place(text: str) -> Who:
    try:
        place = tuple(float(part) for part in text.split(":"))
    except ValueError:
        place = ()
    if len(place) == 2:
        return Who(kind="point", place=place)
    if len(place) == 4:
        return Who(kind="box", place=place)
    raise ConfigError(f"speakers: face {text}: a point is x:y, a box x0:y0:x1:y1, in pixels")
