"""The face of a picture or video that someone gives to say who is meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync_ray.errors import ConfigError, FaceNotFound, VideoUnreadable
from lipsync_ray.faces.follow import Follower, Sighting
from lipsync_ray.faces.models import FaceModels
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.people.likeness import Describer
from lipsync_ray.people.tracks import LEAST_SIZE

WATCHED = 500  # frames of a video in which its first face is looked for
ALONE = 1.5  # times as large as the next: the others are bystanders


def find_reference(
    path: str | Path, models: FaceModels, name: str, option: str = "face.reference"
) -> Sighting:
    """The face of a picture, or of the first frame of a video that shows one.

    Args:
        path: the file on this machine.
        models: find faces.
        name: what people call the file.
        option: which option names it, for errors.

    Raises:
        VideoUnreadable: the file is no picture and no video.
        FaceNotFound: it shows no face, or only one too small to tell who it is.
        ConfigError: it shows several faces of about the same size.
    """
    seen, frames = _first_faces(path, models, option)
    if not seen:
        raise FaceNotFound(
            f"no face in {name} ({option}; frames checked: {frames:,}); give a picture "
            "of the person from the front, with the whole face well lit"
        )
    sizes = [_size(face) for face in seen]
    if sizes[0] < LEAST_SIZE:
        raise FaceNotFound(
            f"the face in {name} ({option}) is {sizes[0]:.0f} px large, too small to tell who it is; give a "
            f"picture that shows it with {LEAST_SIZE:.0f} px or more"
        )
    if len(seen) > 1 and sizes[0] < ALONE * sizes[1]:
        raise ConfigError(
            f"{name} ({option}) shows {len(seen)} faces; give a picture of the person meant alone, such as a "
            "part cut out of this one"
        )
    return seen[0]


def describe_reference(
    path: str | Path, models: FaceModels, describer: Describer, name: str, option: str = "face.reference"
) -> np.ndarray:
    """The description ``float32[128]`` of the face of a file. Raises as ``find_reference``."""
    face = find_reference(path, models, name, option)
    return describer.describe(rgb_of(face.near), face.local)


def _first_faces(path: str | Path, models: FaceModels, option: str) -> tuple[list[Sighting], int]:
    """Faces of the first frame that shows one, largest first, and how many frames were looked at."""
    try:
        table = build_table(path)
    except VideoUnreadable as error:
        raise VideoUnreadable(f"{option}: {error}") from error
    # All faces count, also those whose mouth would be left alone.
    follower, number = Follower(models, FaceSettings()), 0
    with open_reader(table) as reader:
        for number, frame in enumerate(reader.frames(range(min(len(table), WATCHED))), 1):
            if seen := follower.step(frame, cut=False):
                return sorted(seen, key=lambda face: -_size(face)), number
    return [], number


def _size(face: Sighting) -> float:
    """Side of a square as large as the face's box, px, as ``LightFaces.size``."""
    x0, y0, x1, y1 = face.box.tolist()
    return float(np.sqrt((x1 - x0) * (y1 - y0)))
