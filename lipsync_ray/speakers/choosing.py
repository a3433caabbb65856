"""The faces of a cast: one target for each speaker, no face twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.faces.select import TargetFaces, choose_target, union_boxes
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.track import LightFaces
from lipsync_ray.media.table import FrameTable
from lipsync_ray.role import Role
from lipsync_ray.speakers.cast import Speaker

_PRESENT = 0.2  # of the longest presence in a shot: faces seen for less do not make a left and a right


def choose_roles(
    light: LightFaces,
    shots: np.ndarray,
    table: FrameTable,
    face: FaceSettings,
    cast: Sequence[Speaker],
    like: Mapping[str, np.ndarray],
) -> tuple[Role, ...]:
    """The target of each speaker, in their order.

    Whoever is named by number, place or picture comes first; ``left``, ``right`` and ``largest`` choose among
    the others, ``left`` and ``right`` only in shots that show several faces.

    Args:
        light: all faces of the video.
        shots: ``int32[n]`` number of the shot of every frame.
        table: the frames' times.
        face: what is usable; who is meant is the cast's to say.
        cast: at least one speaker.
        like: ``bool[r]`` for each speaker that a picture names: the rows of ``light`` that are like it.

    Raises:
        ConfigError: a face is not there, or outside the picture.
        FaceNotFound: a speaker has no usable face in the whole video.
    """
    free = np.ones(len(light), bool)
    crowded = _crowded(light, shots)
    roles: dict[str, Role] = {}
    for speaker in sorted(cast, key=lambda speaker: speaker.who.relative):
        meant = _meant(light, speaker, crowded, like)
        if meant.any() and not (free & meant).any():
            raise FaceNotFound(
                f"speaker {speaker.name}: the face is that of {' or '.join(roles)} already; give each "
                "speaker one of their own (python -m lipsync_ray speakers video=… shows them)"
            )
        target = _target(light, shots, table, face, speaker, free & meant)
        free &= ~_taken(light, shots, target)
        crops = union_boxes(light, target, table.video, face.margin)
        roles[speaker.name] = Role(name=speaker.name, target=target, crops=crops)
    return tuple(roles[speaker.name] for speaker in cast)


def _target(
    light: LightFaces,
    shots: np.ndarray,
    table: FrameTable,
    face: FaceSettings,
    speaker: Speaker,
    among: np.ndarray,
) -> TargetFaces:
    settings = speaker.who.settings(face)
    try:
        settings.check_inside(table.video.width, table.video.height)
        return choose_target(light, shots, table, settings, among, left_alone(speaker, table.times()))
    except (ConfigError, FaceNotFound) as error:
        raise type(error)(f"speaker {speaker.name}: {error}") from error


def left_alone(speaker: Speaker, times: np.ndarray) -> np.ndarray:
    """Source frames in which a speaker's mouth is not touched, ``bool[n]``."""
    out = np.zeros(len(times), bool)
    for start, end in speaker.left:
        out |= (times >= start) & (times < (np.inf if end is None else end))
    return out


def _meant(
    light: LightFaces, speaker: Speaker, crowded: np.ndarray, like: Mapping[str, np.ndarray]
) -> np.ndarray:
    """``bool[r]``: rows that the map lets a speaker have."""
    if speaker.who.kind == "faces":
        known = np.unique(light.face)
        missing = sorted(set(speaker.who.faces) - set(known.tolist()))
        if missing:
            most = f"0 to {known[-1]}" if len(known) else "none"
            raise ConfigError(
                f"speakers: {speaker.name} has face {missing[0]}, but the faces seen are {most}"
            )
        return np.isin(light.face, speaker.who.faces)
    if speaker.who.kind == "reference" and speaker.name in like:
        return like[speaker.name]
    return crowded if speaker.who.kind in ("left", "right") else np.ones(len(light), bool)


def _crowded(light: LightFaces, shots: np.ndarray) -> np.ndarray:
    """``bool[r]``: rows of shots in which several faces are seen for long."""
    shot = shots[light.frame]
    pairs, counts = np.unique(np.stack([shot, light.face], axis=1), axis=0, return_counts=True)
    out = np.zeros(len(light), bool)
    for number in np.unique(shot):
        there = counts[pairs[:, 0] == number]
        out |= (shot == number) & ((there >= _PRESENT * there.max()).sum() > 1)
    return out


def _taken(light: LightFaces, shots: np.ndarray, target: TargetFaces) -> np.ndarray:
    """``bool[r]``: rows of faces that a target has, in the shots where it has them."""
    used = target.row[target.row >= 0]
    shot = shots[light.frame].astype(np.int64)
    key = shot * (int(light.face.max(initial=0)) + 1) + light.face
    return np.isin(key, np.unique(key[used]))
