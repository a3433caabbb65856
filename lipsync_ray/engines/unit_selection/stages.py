"""The stages of the mouth renderer, one frame at a time: no frame knows which batch it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.base import FaceBatch, Window
from lipsync_ray.engines.canvas import Canvas, Rect, Shift, is_empty
from lipsync_ray.engines.unit_selection.canonical import to_pixels
from lipsync_ray.engines.unit_selection.closure import closing, draw_contact, hide_teeth, trim_inner
from lipsync_ray.engines.unit_selection.colour import lip_colour, lips_box, match, skin_colour
from lipsync_ray.engines.unit_selection.descriptor import A
from lipsync_ray.engines.unit_selection.geometry import clamped, face_width, for_channels
from lipsync_ray.engines.unit_selection.interior import draw_interior, hang_teeth, hanging
from lipsync_ray.engines.unit_selection.mask import mouth_mask
from lipsync_ray.engines.unit_selection.patch import Mesh, displace, mouth_box, sample
from lipsync_ray.engines.unit_selection.person import Person
from lipsync_ray.engines.unit_selection.plane import plane_of
from lipsync_ray.engines.unit_selection.shape_target import Faces, Shown, blend_shapes, press_lips
from lipsync_ray.engines.unit_selection.teeth import Colours, Mouth
from lipsync_ray.engines.unit_selection.units import UnitBank
from lipsync_ray.engines.unit_selection.warp import dense, solve_field

OWN_CONTACT = 0.7  # of the contact line is left out where the unit's picture shows closed lips itself
SMALLEST = 4  # px, side of a mouth box worth drawing: less shows of a mouth that leaves the crop
FAINTEST = 1 / 255  # strengths and unit weights below this show nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where one frame's mouth goes, and which units draw it."""

    source: np.ndarray  # float64[468,2] px of the crop, the frame's own face
    units: tuple[tuple[float, int], ...]  # weight, row of the bank; weights sum to 1
    shape: np.ndarray  # float64[468,3] canonical target
    points: np.ndarray  # float64[468,2] px of the crop, target
    aperture: float  # IO, between the target's lips
    contact: float  # 0..1, how much of a contact line closed lips need
    shade: np.ndarray  # float64[3], colour of that line over the lips'
    strength: float  # 0..1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What one frame is made of."""

    shift: Shift | None  # of the frame's own face
    mouth_box: Rect
    patch: np.ndarray  # uint8[h,w,3] the units' mouth
    covered: np.ndarray  # uint8[h,w], 255 where the patch has pixels


def plan_frames(batch: FaceBatch, person: Person, bank: UnitBank) -> tuple[Plan | None, ...]:
    """Target landmarks of every frame of a batch; None where the frame is to stay as it is."""
    shown = [_units(batch.cues, row) for row in range(len(batch))]
    used = np.array([row for row, units in enumerate(shown) if units], int)
    plans: list[Plan | None] = [None] * len(batch)
    if not len(used):
        return tuple(plans)
    faces = _faces_of(batch.window, person).at(batch.window.rows(batch.number[used]))
    units = [shown[row] for row in used.tolist()]
    firmness = np.clip(np.asarray(batch.cues["closed"][used], np.float64), 0.0, 1.0)
    wanted = np.array(batch.cues["target"][used], np.float64)
    wanted[:, A] *= 1.0 - firmness
    shapes, reached = blend_shapes(faces, _shown(units, bank), wanted, person)
    shapes = press_lips(shapes, firmness)
    points = to_pixels(shapes, faces.poses)[:, :, :2]
    for k, row in enumerate(used.tolist()):
        closed = sum(weight for weight, unit in units[k] if bank.verified_closed[unit])
        plans[row] = Plan(
            source=faces.points[k],
            units=units[k],
            shape=shapes[k],
            points=points[k],
            aperture=float(reached[k, A]) * (1.0 - float(firmness[k])),
            contact=1.0 - OWN_CONTACT * closed,
            shade=bank.contact,
            strength=clamped(float(batch.cues["strength"][row])),
        )
    return tuple(plans)


def _shown(units: list[tuple[tuple[float, int], ...]], bank: UnitBank) -> list[Shown]:
    return [
        Shown(row=row, weight=weight, shape=bank.shape[unit], descriptor=bank.descriptor[unit])
        for row, pairs in enumerate(units)
        for weight, unit in pairs
    ]


def _faces_of(window: Window, person: Person) -> Faces:
    if "faces" not in window.memo:
        window.memo["faces"] = Faces(window.landmarks, window.breaks, person)
    return window.memo["faces"]


def _units(cues: Mapping[str, np.ndarray], row: int) -> tuple[tuple[float, int], ...]:
    if cues["strength"][row] < FAINTEST or cues["unit"][row] < 0:
        return ()
    mix = float(cues["mix"][row]) if cues["unit2"][row] >= 0 else 0.0
    pairs = ((1.0 - mix, int(cues["unit"][row])), (mix, int(cues["unit2"][row])))
    return tuple(pair for pair in pairs if pair[0] >= FAINTEST)


def draw_layers(canvas: Canvas, plan: Plan, person: Person, bank: UnitBank, mesh: Mesh) -> Layers:
    """What brings the frame's own face to a plan, and its units' mouths, warped to it."""
    width, height = canvas.size
    face = face_width(plan.source)
    shift = dense(solve_field(plan.source, plan.points, width, height), width, height)
    box = mouth_box(plan.points, face, width, height)
    if min(box[2] - box[0], box[3] - box[1]) < SMALLEST:
        nothing = np.zeros((0, 0, 3), np.uint8)
        return Layers(shift=shift, mouth_box=(0, 0, 0, 0), patch=nothing, covered=nothing)
    patch, covered = _patch(plan, person, bank, mesh, box, face)
    if person.layered:
        _open_in_layers(canvas, patch, box, plan, bank, face)
    return Layers(shift=shift, mouth_box=box, patch=patch, covered=covered)


def _open_in_layers(
    canvas: Canvas, patch: np.ndarray, box: Rect, plan: Plan, bank: UnitBank, face: float
) -> None:
    _, unit = max(plan.units)
    colours = Colours(lip=lip_colour(patch, plan.points, box), skin=skin_colour(canvas, plan.source))
    target = plane_of(plan.shape, plan.points)
    draw_interior(patch, box, plan.points, target, _mouth(bank, unit), colours, face, plan.aperture)


def _mouth(bank: UnitBank, unit: int) -> Mouth:
    plane = plane_of(bank.shape[unit], bank.landmarks[unit])
    return Mouth(picture=bank.patches[unit], plane=plane, aperture=float(bank.descriptor[unit][A]))


def _patch(
    plan: Plan, person: Person, bank: UnitBank, mesh: Mesh, box: Rect, face: float
) -> tuple[np.ndarray, np.ndarray]:
    mixed = covered = None
    for weight, unit in plan.units:
        picture, seen = bank.patches[unit], bank.landmarks[unit]
        amount = closing(float(bank.descriptor[unit][A]), plan.aperture)
        if amount > 0.0:
            picture, seen = hide_teeth(picture, seen, amount), trim_inner(seen, amount)
        where = displace(mesh, seen, plan.points, box, face)
        pixels = sample(picture, where)
        cropped = 0.0 if person.layered else hanging(float(bank.descriptor[unit][A]), plan.aperture)
        if cropped > 0.0:
            target, mouth = plane_of(plan.shape, plan.points), _mouth(bank, unit)
            hang_teeth(pixels, box, plan.points, target, mouth, face, plan.aperture, cropped)
        if mixed is None or covered is None:
            first, mixed, covered = weight, pixels, where.covered
        else:
            mixed = cv2.addWeighted(mixed, first, pixels, weight, 0.0)
            covered = cv2.min(covered, where.covered)
    if mixed is None or covered is None:
        raise ValueError("a plan without units has no patch")
    return mixed, covered


def join(canvas: Canvas, plan: Plan, layers: Layers) -> None:
    """Put the layers into a canvas."""
    if layers.shift is not None:
        canvas.move(layers.shift)
    if not is_empty(layers.mouth_box):
        _lay_patch(canvas, plan, layers)
    canvas.finish(plan.strength)


def _lay_patch(canvas: Canvas, plan: Plan, layers: Layers) -> None:
    box = layers.mouth_box
    face = face_width(plan.source)
    under = canvas.shown(box)
    weight = mouth_mask(plan.points, layers.covered, box, face)
    lips = lips_box(plan.source, *canvas.size)
    correction = match(
        layers.patch, under, weight, plan.points, box, canvas.source(lips), plan.source - lips[:2]
    )
    patch = np.clip(layers.patch + correction + 0.5, 0, 255).astype(np.uint8)
    draw_contact(patch, plan.points, box, face, plan.aperture, plan.contact, plan.shade)
    mixed = under + np.subtract(patch, under, dtype=np.float32) * for_channels(weight)
    canvas.lay(box, under, (mixed + 0.5).astype(np.uint8), weight)
