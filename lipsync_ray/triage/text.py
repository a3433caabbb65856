"""The facts of a job as a page for a person."""

from __future__ import annotations

from typing import Any

from lipsync_ray.triage.facts import Triage
from lipsync_ray.triage.shots import shot_table

MOST_SHOTS = 20


def page(triage: Triage) -> str:
    """A page with all facts, the shots, what it will take, and warnings last."""
    groups = {
        "video": triage.video,
        "sound": {**triage.sound, "speech": f"{triage.sound['speech']:.0%} of the time"},
        "output": triage.output,
        "faces": triage.faces,
    }
    lines = []
    for name, facts in groups.items():
        lines.append(name)
        lines += [f"  {key.replace('_', ' '):<16} {_readable(value)}" for key, value in facts.items()]
    lines.append("shots")
    lines += [f"  {line}" for line in shot_table(triage.shots, most=MOST_SHOTS).splitlines()]
    if triage.estimate is not None:
        lines += ["estimate", f"  {triage.estimate.text()}"]
    lines += [f"warning: {warning}" for warning in triage.warnings]
    return "\n".join(lines)


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items() if inner) or "none"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
