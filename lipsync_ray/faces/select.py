"""Whose mouth is dubbed in each frame, where it is left alone and why, and the crop of each shot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

from lipsync_ray.errors import FaceNotFound
from lipsync_ray.faces.hold import held_rows
from lipsync_ray.faces.redness import relative_redness
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.track import LightFaces
from lipsync_ray.media.frame import Box
from lipsync_ray.media.table import FrameTable, VideoInfo

RAMP = 4  # frames in which a mouth goes over to, or comes back from, being left alone
YAW_FADE = 10.0  # degrees before face.max_yaw at which fading starts
DILATION = 3  # frames on each side of a covered mouth that count as covered
YAW_SMOOTH = 5  # frames: the strength must not shake with the measurement


class Reason(IntEnum):
    """Why a frame's mouth is left alone."""

    USABLE = 0
    NONE = 1  # no face
    TINY = 2
    PROFILE = 3
    OCCLUDED = 4
    KEPT = 5  # the speakers map says so


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFaces:
    """The face to dub in every source frame."""

    face: np.ndarray  # int32[n] number of the face (LightFaces.face), -1: none
    row: np.ndarray  # int64[n] its row in LightFaces, -1: none
    reason: np.ndarray  # uint8[n], see Reason
    strength: np.ndarray  # float32[n] 0 left alone .. 1 dubbed; ramps inside shots, steps at cuts
    shot: np.ndarray  # int32[n] number of the shot

    def __len__(self) -> int:
        return len(self.face)

    def counts(self) -> dict[str, int]:
        """Frames by reason, such as ``{"usable": 120, "none": 5, "tiny": 0, …}``."""
        return {reason.name.lower(): int((self.reason == reason).sum()) for reason in Reason}


def choose_target(
    light: LightFaces,
    shots: np.ndarray,
    table: FrameTable,
    settings: FaceSettings,
    among: np.ndarray | None = None,
    kept: np.ndarray | None = None,
) -> TargetFaces:
    """Pick one face per shot and judge it frame by frame.

    Args:
        light: all faces of the video.
        shots: number of the shot of every frame, ``int32[n]``, of ``shot_of``.
        table: the frames' times, and the file's name for the error.
        settings: who is meant, and what is usable.
        among: ``bool[r]``, the rows of ``light`` that are meant at all; None: all.
        kept: ``bool[n]``, the frames that nobody wants dubbed; None: none.

    Raises:
        FaceNotFound: not one frame of the video has a usable face.
    """
    n, times = len(table), table.times()
    row = np.full(n, -1, np.int64)
    shot = np.asarray(shots, np.int32)
    for start, stop in _spans(shot):
        row[start:stop] = held_rows(light, start, stop, times, settings, among)
    reason = _reasons(light, row, shot, settings)
    if kept is not None:
        reason[kept & (reason == Reason.USABLE)] = Reason.KEPT
    if not (reason == Reason.USABLE).any():
        raise FaceNotFound(_nothing(light, reason, table, settings))
    face = np.where(row >= 0, light.face[np.maximum(row, 0)], -1).astype(np.int32)
    strength = _strength(light, row, reason, shot, settings)
    return TargetFaces(face=face, row=row, reason=reason, strength=strength, shot=shot)


def _spans(shot: np.ndarray) -> list[tuple[int, int]]:
    """Half-open frame ranges of equal shot numbers."""
    edges = np.flatnonzero(np.diff(shot)) + 1
    return [(int(a), int(b)) for a, b in zip([0, *edges], [*edges, len(shot)], strict=True)]


def _reasons(light: LightFaces, row: np.ndarray, shot: np.ndarray, settings: FaceSettings) -> np.ndarray:
    """``uint8[n]``; of several reasons the one that cannot be mended counts."""
    reason = np.full(len(row), Reason.NONE, np.uint8)
    there = np.flatnonzero(row >= 0)
    rows = row[there]
    covered = np.zeros(len(row), bool)
    if settings.occlusion > 0:
        covered[there] = relative_redness(light, rows, shot[there]) < settings.occlusion
    covered = _dilated(covered, shot)[there]
    profile = np.abs(light.yaw[rows]) > settings.max_yaw
    # The width shrinks as a face turns; its height does not.
    tiny = light.size[rows] < settings.min_size
    reason[there] = np.select(
        [tiny, profile, covered], [Reason.TINY, Reason.PROFILE, Reason.OCCLUDED], Reason.USABLE
    )
    return reason


def _dilated(flags: np.ndarray, shot: np.ndarray) -> np.ndarray:
    """Flags spread over ``DILATION`` frames to both sides, never into another shot."""
    out = flags.copy()
    for step in range(1, DILATION + 1):
        same = shot[step:] == shot[:-step]
        out[step:] |= flags[:-step] & same
        out[:-step] |= flags[step:] & same
    return out


def _strength(
    light: LightFaces, row: np.ndarray, reason: np.ndarray, shot: np.ndarray, settings: FaceSettings
) -> np.ndarray:
    """Distance to the next frame left alone in the same shot, as a ramp, times the fade of the yaw."""
    n = len(row)
    usable = reason == Reason.USABLE
    nearest = np.full(n, RAMP + 1)
    for step in range(1, RAMP + 1):
        near = np.zeros(n, bool)
        same = shot[step:] == shot[:-step]
        near[step:] |= ~usable[:-step] & same
        near[:-step] |= ~usable[step:] & same
        nearest[near] = np.minimum(nearest[near], step)
    yaw = np.where(row >= 0, np.abs(light.yaw[np.maximum(row, 0)]), 0.0)
    fade = np.clip((settings.max_yaw - _smoothed(yaw, usable, shot)) / YAW_FADE, 0, 1)
    return np.where(usable, nearest / (RAMP + 1) * fade, 0.0).astype(np.float32)


def _smoothed(values: np.ndarray, usable: np.ndarray, shot: np.ndarray) -> np.ndarray:
    """Mean over up to ``YAW_SMOOTH`` usable frames of the same shot around each frame."""
    total, count = values * usable, usable.astype(np.float64)
    sums, counts = total.copy(), count.copy()
    for step in range(1, YAW_SMOOTH // 2 + 1):
        same = shot[step:] == shot[:-step]
        for out, source in ((sums, total), (counts, count)):
            out[step:] += source[:-step] * same
            out[:-step] += source[step:] * same
    return sums / np.maximum(counts, 1)


def _nothing(light: LightFaces, reason: np.ndarray, table: FrameTable, settings: FaceSettings) -> str:
    """Why there is nothing to dub, and what to try."""
    name = Path(table.path).name
    checked = f"checked {light.frames:,} of {len(table):,} frames"
    if len(light):
        seen = {r.name.lower(): int((reason == r).sum()) for r in Reason if r != Reason.USABLE}
        why = ", ".join(f"{kind} {count:,}" for kind, count in seen.items() if count)
        return (
            f"no usable face in {name} ({checked}: {why}); the largest is {light.size.max():.0f} px. "
            f"Try face.min_size (now {settings.min_size:g}), face.max_yaw (now {settings.max_yaw:g}), "
            f"face.occlusion=0 or face.select"
        )
    if light.best is None:
        return f"no face in {name} ({checked}). Try face.select=box with face.box=[x0,y0,x1,y1]"
    score, when = light.best.score, table.times()[light.best.frame]
    lower = max(0.1, int(score * 20) / 20)
    return (
        f"no face in {name} ({checked}); the largest candidate scored {score:.2f} at {when:.1f} s. "
        f"Try face.min_score={lower:g}, or face.select=box"
    )


def union_boxes(light: LightFaces, target: TargetFaces, video: VideoInfo, margin: float) -> dict[int, Box]:
    """One crop per shot that holds the target of all its dubbed frames; shots without one are absent.

    ``margin`` is the part of a face's longer side added on every side (0.35 holds what engines touch:
    the face oval scaled by 1.45 about the nose, for heads turned up to 35 degrees). Sides and corners
    are even, inside the picture.
    """
    boxes: dict[int, Box] = {}
    used = np.flatnonzero((target.row >= 0) & (target.strength > 0))
    for shot in np.unique(target.shot[used]):
        faces = light.box[target.row[used[target.shot[used] == shot]]].astype(np.float64)
        room = margin * (faces[:, 2:] - faces[:, :2]).max(1, keepdims=True)
        low, high = (faces[:, :2] - room).min(0), (faces[:, 2:] + room).max(0)
        x0, x1 = _even(low[0], high[0], video.width)
        y0, y1 = _even(low[1], high[1], video.height)
        boxes[int(shot)] = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    return boxes


def _even(low: float, high: float, size: int) -> tuple[int, int]:
    """Even bounds around low..high inside 0..size."""
    last = max(2, size // 2 * 2)
    start = min(max(0, int(low // 2 * 2)), last - 2)
    return start, max(start + 2, min(last, int(-(-high // 2) * 2)))
