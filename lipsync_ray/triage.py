"""What a dub would do, told before anything is rendered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.config import Config
from lipsync_ray.inputs import Inputs, drive_gap
from lipsync_ray.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Facts about a job, and the plan that a run would follow."""

    video: dict[str, Any]
    sound: dict[str, Any]
    output: dict[str, Any]
    faces: dict[str, Any]
    warnings: list[str]
    plan: dict[str, Any]

    def to_plain(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return asdict(self)

    def text(self) -> str:
        """A page for a person."""
        groups = {"video": self.video, "sound": self.sound, "output": self.output, "faces": self.faces}
        lines = []
        for name, facts in groups.items():
            lines.append(name)
            lines += [f"  {key.replace('_', ' '):<16} {_readable(value)}" for key, value in facts.items()]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)


def make_triage(config: Config, inputs: Inputs, analysis: Analysis, plan: Plan) -> Triage:
    """Collect the facts of a job that has been examined and scanned."""
    return Triage(
        video=_video(inputs),
        sound=_sound(inputs),
        output=_output(config, inputs, plan),
        faces=_faces(inputs, analysis, plan),
        warnings=_warnings(config, inputs, plan),
        plan=asdict(plan),
    )


def _video(inputs: Inputs) -> dict[str, Any]:
    table, video = inputs.table, inputs.table.video
    return {
        "file": Path(table.path).name,
        "codec": f"{video.codec} in {video.container}",
        "size": f"{video.width}x{video.height}",
        "pixels": video.pix_fmt,
        "rotation": video.rotation,
        "frames": len(table),
        "seconds": round(float(table.duration), 3),
        "rate": "still picture" if table.still else _rate(video.nominal_rate, vfr=table.is_vfr),
        "hdr": video.colour.transfer in (16, 18),  # PQ and HLG in ITU-T H.273
        "keyframes": len(table.key_pts),
    }


def _sound(inputs: Inputs) -> dict[str, Any]:
    sound, drive = inputs.sound, inputs.drive
    return {
        "file": Path(sound.path).name,
        "codec": sound.codec,
        "seconds": round(float(sound.duration), 3),
        "rate": sound.rate,
        "channels": sound.channels,
        **({} if drive is sound else {"mouth_follows": Path(drive.path).name}),
    }


def _output(config: Config, inputs: Inputs, plan: Plan) -> dict[str, Any]:
    timeline = inputs.timeline
    vfr = inputs.table.is_vfr and config.sync.fps_mode == "source"
    return {
        "frames": len(timeline),
        "seconds": round(float(timeline.duration), 3),
        "rate": _rate(timeline.nominal_rate, vfr=vfr),
        "sync_mode": config.sync.mode,
        "engine": plan.engine,
        "chunks": len(plan.chunks),
        "encoder": config.encode.concrete(inputs.table.video.layout),
    }


def _faces(inputs: Inputs, analysis: Analysis, plan: Plan) -> dict[str, Any]:
    light, target = analysis.scan.light(), analysis.target
    shown = target.row[target.row >= 0]
    width = float(np.median(light.width[shown])) if len(shown) else 0.0
    dubbed = plan.frames - sum(plan.passed_through.values())
    return {
        "shots": len(analysis.shots),
        "faces_seen": len(np.unique(light.face)),
        "face_width_px": round(width, 1),
        "frames_dubbed": dubbed,
        "share_dubbed": round(dubbed / plan.frames, 4),
        "passed_through": plan.passed_through,
    }


def _warnings(config: Config, inputs: Inputs, plan: Plan) -> list[str]:
    found = []
    gap = float(inputs.sound.duration + config.sync.delay - inputs.table.duration)
    if not inputs.table.still and abs(gap) > 0.5:
        longer = "longer" if gap > 0 else "shorter"
        found.append(f"the sound is {abs(gap):.2f} s {longer} than the video; sync.mode decides what happens")
    if apart := drive_gap(inputs.sound, inputs.drive):
        found.append(apart)
    left = sum(plan.passed_through.values())
    if left > 0.2 * plan.frames:
        found.append(
            f"{left} of {plan.frames} frames keep their own mouth: face.min_size, face.max_yaw, face.select"
        )
    if inputs.table.video.colour.transfer in (16, 18):
        found.append("HDR: engines see the picture without tone mapping; the output keeps its HDR tags")
    return found


def _rate(rate: Fraction, *, vfr: bool) -> str:
    text = f"{float(rate):.3f}".rstrip("0").rstrip(".")
    return f"{text} on average, variable" if vfr else text


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items() if inner) or "none"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
