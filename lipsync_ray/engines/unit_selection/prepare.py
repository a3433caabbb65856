"""Part of the engine that runs once, on the driver: person, wanted mouth, units and the path through them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.base import Preparation, Scene
from lipsync_ray.engines.unit_selection.canonical import fit_poses, to_canonical
from lipsync_ray.engines.unit_selection.closed import audit, usual_contact
from lipsync_ray.engines.unit_selection.costs import Candidates, Views
from lipsync_ray.engines.unit_selection.descriptor import A, W
from lipsync_ray.engines.unit_selection.layered import anchors
from lipsync_ray.engines.unit_selection.measures import Measures, measure
from lipsync_ray.engines.unit_selection.person import Person, build_person
from lipsync_ray.engines.unit_selection.pool import candidates, fit_frames, thin_out, views_of
from lipsync_ray.engines.unit_selection.selection import Selection, select
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.unit_selection.sight import views
from lipsync_ray.engines.unit_selection.target import CLOSED, fit_habit, towards_measured, wanted
from lipsync_ray.engines.unit_selection.units import Harvest, UnitBank, patch_bytes
from lipsync_ray.errors import FaceNotFound
from lipsync_ray.media.frame import Box
from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.track import MouthCues

logger = logging.getLogger(__name__)

_FEWEST = 200  # units, whatever the memory they take


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the output frames ask for."""

    target: np.ndarray  # float64[T,6] wanted descriptors
    views: Views  # how the face is seen
    strength: np.ndarray  # float32[T], 0 passes the frame through
    breaks: np.ndarray  # bool[T] new sequences of the picture
    repeats: float  # output frames per source frame


def prepare(scene: Scene, settings: UnitSelectionSettings | None = None) -> Preparation:
    """Decide everything that chunks must agree on.

    ``shared`` holds ``person`` (`Person`) and ``units`` (`UnitBank`); ``frames`` the rows ``target``,
    ``unit``, ``unit2``, ``mix``, ``strength`` and ``closed``. Depends on the scene alone.

    Raises:
        FaceNotFound: no source frame is fit to measure a mouth on.
    """
    settings = settings or UnitSelectionSettings()
    face, usable = scene.target.face, (scene.target.face >= 0) & (scene.target.reason == 0)
    if not usable.any():
        raise FaceNotFound(f"no frame of {scene.table.path} shows a usable face to take a mouth from")

    def load(frames: np.ndarray) -> np.ndarray:
        return scene.scan.landmarks(frames, face[frames])

    measures = measure(load, face >= 0, usable, scene.target.shot, scene.reference)
    driven = scene.speech.cues(_mouth(scene, measures))
    person = build_person(measures, scene.table.times(), settings, driven.own_speech)
    seen = views_of(measures, scene.target.shot, _sharpness(scene))
    brief = _brief(scene, driven.cues, measures, person, seen)
    harvest = Harvest(load, scene.fetch, (scene.table.video.width, scene.table.video.height))
    units = candidates(measures, seen, fit_frames(measures, person, settings.max_yaw, driven.own_speech))
    if person.layered:
        selection, kept = anchors(units, brief.views, brief.strength > 0), np.zeros(0, np.int64)
    else:
        units = thin_out(units, *_asked(brief), _limit(measures, settings), person)
        units, kept = audit(units, harvest)
        thumbs = scene.scan.thumbs(units.source, face[units.source])
        selection = _choose(brief, units, thumbs, kept, settings)
    rows = np.unique(np.concatenate([selection.unit, selection.second, kept]))
    rows = rows[rows >= 0]
    bank = _bank(units.take(rows), person, harvest)
    _report(bank, selection, person)
    return Preparation(
        shared={"person": person, "units": bank},
        frames=_rows(driven.cues, brief, selection, rows),
        report={"speech": dict(driven.report)},
        views=_views(scene, measures),
    )


def _views(scene: Scene, measures: Measures) -> dict[int, Box]:
    """The part of each crop that is looked at in any frame that the timeline shows."""
    shown = np.zeros(len(scene.table), bool)
    shown[scene.timeline.source] = True
    drawn = shown & (scene.target.strength > 0)
    return views(measures.reach, drawn, scene.target.shot, scene.crops)


def _mouth(scene: Scene, measures: Measures) -> MeasuredMouth:
    """The measured mouth as the sound is shown it: frames that are not fit to measure stay out."""
    known = np.where(measures.usable[:, None], measures.raw[:, [A, W]], np.nan)
    return MeasuredMouth(times=scene.table.times(), aperture=known[:, 0], width=known[:, 1])


def _brief(scene: Scene, cues: MouthCues, measures: Measures, person: Person, views: Views) -> Brief:
    source = np.asarray(scene.timeline.source)
    seen = np.isfinite(measures.scale[source])
    strength = np.where(seen, scene.target.strength[source], 0.0).astype(np.float32)
    habit = fit_habit(measures.raw[measures.usable])
    target = wanted(cues, person, habit, scene.times)
    target = towards_measured(target, measures.steady[source], strength)
    shots = scene.target.shot[source]
    breaks = scene.timeline.breaks() | (np.diff(shots, prepend=shots[:1]) != 0)
    step = float(np.median(np.diff(scene.times))) if len(scene.times) > 1 else person.frame_seconds
    return Brief(
        target=target,
        views=views.take(source),
        strength=strength,
        breaks=breaks,
        repeats=person.frame_seconds / max(step, 1e-6),
    )


def _asked(brief: Brief) -> tuple[np.ndarray, Views]:
    shown = np.flatnonzero(brief.strength > 0)
    return brief.target[shown], brief.views.take(shown)


def _limit(measures: Measures, settings: UnitSelectionSettings) -> int:
    """Units to choose from: as many as the settings and the memory for their pictures allow."""
    affordable = settings.max_bank_mb * 2**20 // max(patch_bytes(_scale(measures)), 1)
    return max(min(settings.max_units, affordable), min(_FEWEST, settings.max_units))


def _scale(measures: Measures) -> float:
    return float(np.median(measures.scale[measures.usable]))


def _choose(
    brief: Brief, units: Candidates, thumbs: np.ndarray, kept: np.ndarray, settings: UnitSelectionSettings
) -> Selection:
    return select(
        brief.target,
        brief.views,
        brief.strength > 0,
        brief.breaks,
        units,
        thumbs,
        kept,
        settings,
        hold_scale=brief.repeats,
    )


def _sharpness(scene: Scene) -> np.ndarray:
    """Detail of the chosen face's mouth in every source frame; the median where it is not known."""
    light, face = scene.scan.light(), scene.target.face
    mine = light.face == face[light.frame]
    sharp = np.full(len(face), np.nan)
    sharp[light.frame[mine]] = light.sharpness[mine]
    known = np.isfinite(sharp)
    return np.where(known, sharp, np.median(sharp[known]) if known.any() else 0.0)


def _bank(units: Candidates, person: Person, harvest: Harvest) -> UnitBank:
    patches, inside, landmarks = harvest.get(units.source)
    return UnitBank(
        source=units.source,
        descriptor=units.descriptor,
        shape=to_canonical(landmarks, fit_poses(landmarks, person.reference)),
        landmarks=inside,
        patches=patches,
        verified_closed=units.verified,
        contact=usual_contact(patches, inside, units.views.scale, units.verified),
    )


def _rows(cues: MouthCues, brief: Brief, selection: Selection, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What each output frame's worker is told; units as rows of the bank."""
    unit = np.where(selection.unit >= 0, np.searchsorted(rows, selection.unit), -1)
    second = np.where(selection.second >= 0, np.searchsorted(rows, selection.second), -1)
    touching = np.asarray(cues.closure) >= CLOSED
    return {
        "target": brief.target,
        "unit": unit.astype(np.int32),
        "unit2": second.astype(np.int32),
        "mix": selection.mix,
        "strength": brief.strength,
        "closed": touching.astype(np.float32) * brief.strength,
    }


def _report(bank: UnitBank, selection: Selection, person: Person) -> None:
    logger.info(
        "%d mouth units, %d of them verified closed; %d joins in %d frames; %s",
        len(bank),
        int(bank.verified_closed.sum()),
        selection.joins,
        len(selection.unit),
        "drawn in layers" if person.layered else "picked from the video",
    )
