"""Facts about a job that has been examined and scanned, and the plan that a run would follow."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.config import Config
from lipsync_ray.inputs import Inputs
from lipsync_ray.plan import Plan
from lipsync_ray.triage.estimate import Estimate
from lipsync_ray.triage.shots import ShotFacts, shots_of
from lipsync_ray.triage.warn import warnings_of, what_sync_does


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What a person, or a program, should know before a job is run."""

    video: dict[str, Any]
    sound: dict[str, Any]
    output: dict[str, Any]
    faces: dict[str, Any]
    shots: list[ShotFacts]
    warnings: list[str]
    plan: dict[str, Any]
    strip: bytes = b""  # a JPEG of the shots, where one was asked for
    estimate: Estimate | None = None  # once it is known where the job would run

    @property
    def megapixels(self) -> float:
        """Of the picture."""
        width, height = self.video["size"].split("x")
        return int(width) * int(height) / 1e6

    def estimated(self, estimate: Estimate) -> Triage:
        """The same, with what it will take."""
        return replace(self, estimate=estimate)

    def to_plain(self) -> dict[str, Any]:
        """Everything as JSON can hold it; without the picture."""
        plain = asdict(replace(self, strip=b""))
        del plain["strip"]
        return plain


def make_triage(
    config: Config, inputs: Inputs, analysis: Analysis, plan: Plan, *, speech: float, strip: bytes = b""
) -> Triage:
    """Collect the facts of a job.

    Args:
        config, inputs, analysis, plan: of the job.
        speech: share of the sound in which somebody talks, 0 to 1.
        strip: a JPEG of the shots.
    """
    shots = shots_of(analysis, inputs.table.times(), float(inputs.table.duration))
    return Triage(
        video=_video(inputs),
        sound=_sound(inputs, speech),
        output=_output(config, inputs, plan),
        faces=_faces(analysis, plan),
        shots=shots,
        warnings=warnings_of(config, inputs, plan, shots, speech),
        plan=asdict(plan),
        strip=strip,
    )


def _video(inputs: Inputs) -> dict[str, Any]:
    table, video = inputs.table, inputs.table.video
    return {
        "file": Path(table.path).name,
        "codec": f"{video.codec} in {video.container}",
        "size": f"{video.width}x{video.height}",
        "pixels": video.pix_fmt,
        "bit_depth": video.layout.depth,
        "hdr": {16: "PQ", 18: "HLG"}.get(video.colour.transfer, "no"),  # codes of ITU-T H.273
        "rotation": video.rotation,
        "frames": len(table),
        "seconds": round(float(table.duration), 3),
        "rate": "still picture" if table.still else _rate(video.nominal_rate, vfr=table.is_vfr),
        "keyframes": len(table.key_pts),
        "sound": video.has_audio,
    }


def _sound(inputs: Inputs, speech: float) -> dict[str, Any]:
    sound, drive = inputs.sound, inputs.drive
    return {
        "file": Path(sound.path).name,
        "codec": sound.codec,
        "seconds": round(float(sound.duration), 3),
        "rate": sound.rate,
        "channels": sound.channels,
        **({} if drive is sound else {"mouth_follows": Path(drive.path).name}),
        "speech": round(speech, 3),
    }


def _output(config: Config, inputs: Inputs, plan: Plan) -> dict[str, Any]:
    timeline = inputs.timeline
    vfr = inputs.table.is_vfr and config.sync.fps_mode == "source"
    return {
        "frames": len(timeline),
        "seconds": round(float(timeline.duration), 3),
        "rate": _rate(timeline.nominal_rate, vfr=vfr),
        "sync_mode": config.sync.mode,
        "lengths": what_sync_does(config, inputs),
        "engine": plan.engine,
        "chunks": len(plan.chunks),
        "encoder": config.encode.concrete(inputs.table.video.layout),
    }


def _faces(analysis: Analysis, plan: Plan) -> dict[str, Any]:
    light, target = analysis.scan.light(), analysis.target
    shown = target.row[target.row >= 0]
    width = float(np.median(light.width[shown])) if len(shown) else 0.0
    dubbed = plan.frames - sum(plan.passed_through.values())
    return {
        "shots": len(analysis.shots),
        "faces_at_once": int(np.bincount(light.frame).max(initial=0)),
        "face_width_px": round(width, 1),
        "frames_dubbed": dubbed,
        "share_dubbed": round(dubbed / plan.frames, 4),
        "passed_through": plan.passed_through,
    }


def _rate(rate: Fraction, *, vfr: bool) -> str:
    text = f"{float(rate):.3f}".rstrip("0").rstrip(".")
    return f"{text} on average, variable" if vfr else f"{text}, constant"
