"""What a dub is held to: the mouth that the sound asks for at each output frame, in the speaker's range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Reference
from lipsync_ray.engines.unit_selection.descriptor import A, W
from lipsync_ray.engines.unit_selection.measures import find_reference, measure
from lipsync_ray.engines.unit_selection.person import build_person
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.unit_selection.target import fit_habit, wanted
from lipsync_ray.errors import FaceNotFound
from lipsync_ray.faces.select import TargetFaces
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.speech.driving import Driving, MeasuredMouth
from lipsync_ray.speech.track import TOUCHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The wanted mouth, whatever engine has drawn it, and the source's own."""

    reference: Reference  # the speaker's median face
    wanted: np.ndarray  # float32[T,2] IO: aperture and width at each output frame, not moved by any offset
    touching: np.ndarray  # bool[T]: the lips have to touch
    speech: np.ndarray  # float32[T]: 0 silent, 1 talking
    own: np.ndarray  # float32[n,2] IO: aperture and width in each source frame, NaN where it is not usable
    own_speech: np.ndarray | None  # float32[n]: whether the source talks; None: nobody can tell
    own_offset_ms: float | None  # by which the source's picture comes after its sound; None: not known


def usable_frames(target: TargetFaces) -> np.ndarray:
    """Source frames that a speaker's mouth can be measured on, ``bool[n]``."""
    return (target.face >= 0) & (target.reason == 0)


def median_face(scan: FaceScan, target: TargetFaces) -> Reference | None:
    """A speaker's median face, None where no frame is fit to measure a mouth on."""
    usable = usable_frames(target)
    if not usable.any():
        return None
    return find_reference(lambda frames: scan.landmarks(frames, target.face[frames]), usable)


def make_aim(
    scan: FaceScan,
    target: TargetFaces,
    reference: Reference | None,
    source_times: np.ndarray,
    times: np.ndarray,
    driving: Driving,
) -> Aim:
    """Measure the speaker, and ask the sound.

    Args:
        scan: the faces of the source.
        target: the speaker's.
        reference: their median face; None: it is found.
        source_times: ``float64[n]`` s, of the source frames.
        times: ``float64[T]`` s, of the output frames.
        driving: the sound, with an offset of 0: the offset is what is to be measured.

    Raises:
        FaceNotFound: no source frame is fit to measure a mouth on.
        AudioUnreadable: the sound holds no numbers.
    """
    usable = usable_frames(target)
    if not usable.any():
        raise FaceNotFound("no frame shows a usable face: there is no mouth to judge")
    measures = measure(
        lambda frames: scan.landmarks(frames, target.face[frames]),
        target.face >= 0,
        usable,
        target.shot,
        reference,
    )
    own = np.where(measures.usable[:, None], measures.raw[:, [A, W]], np.nan)
    driven = driving.cues(MeasuredMouth(times=source_times, aperture=own[:, 0], width=own[:, 1]))
    person = build_person(measures, source_times, UnitSelectionSettings(), driven.own_speech)
    habit = fit_habit(measures.raw[measures.usable])
    return Aim(
        reference=measures.reference,
        wanted=wanted(driven.cues, person, habit, times)[:, [A, W]].astype(np.float32),
        touching=np.asarray(driven.cues.closure) >= TOUCHING,
        speech=np.asarray(driven.cues.speech, np.float32),
        own=own.astype(np.float32),
        own_speech=driven.own_speech,
        own_offset_ms=driven.report.get("av_offset_ms"),
    )
