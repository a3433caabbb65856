"""What may go wrong with a job, each with the option that helps."""

from __future__ import annotations

from collections.abc import Sequence

from lipsync_ray.config import Config
from lipsync_ray.inputs import Inputs, drive_gap
from lipsync_ray.plan import Plan
from lipsync_ray.triage.shots import ShotFacts

NOTABLE = 0.2  # share of the frames from which something is told
GAP_S = 0.5
HELP = {
    "none": "no face is seen in {share} of the frames; face.min_score finds fainter ones",
    "tiny": "the face is smaller than face.min_size={min_size:g} px in {share} of the frames",
    "profile": "the face is turned further than face.max_yaw={max_yaw:g} degrees in {share} of the frames",
    "occluded": "the mouth is covered in {share} of the frames; if it is not, face.occlusion=0",
}


def warnings_of(
    config: Config, inputs: Inputs, plan: Plan, shots: Sequence[ShotFacts], speech: float
) -> list[str]:
    """All that a person should know before the run."""
    return [
        *_lengths(config, inputs),
        *_faces(config, plan, shots),
        *_sound(config, speech),
        *_picture(inputs),
    ]


def what_sync_does(config: Config, inputs: Inputs) -> str:
    """What becomes of a sound that is longer or shorter than the video."""
    if inputs.table.still:
        return "the picture lasts as long as the sound"
    gap = float(inputs.sound.duration + config.sync.delay - inputs.table.duration)
    if abs(gap) <= 0.04:
        return "video and sound have one length"
    longer = gap > 0
    seconds = f"{abs(gap):.2f} s"
    cut = f"the last {seconds} of the {'sound' if longer else 'video'} are cut"
    return {
        "silence": cut if longer else f"{seconds} of silence at the end",
        "cut_off": cut,
        "loop": f"the video begins again for {seconds}" if longer else cut,
        "bounce": f"the video runs back and forth for {seconds}" if longer else cut,
        "remap": f"the video becomes {seconds} longer" if longer else f"the video becomes {seconds} shorter",
    }[config.sync.mode]


def _lengths(config: Config, inputs: Inputs) -> list[str]:
    found = []
    gap = float(inputs.sound.duration + config.sync.delay - inputs.table.duration)
    if not inputs.table.still and abs(gap) > GAP_S:
        longer = "longer" if gap > 0 else "shorter"
        done = f"{what_sync_does(config, inputs)} (sync.mode={config.sync.mode})"
        found.append(f"the sound is {abs(gap):.2f} s {longer} than the video: {done}")
    if apart := drive_gap(inputs.sound, inputs.drive):
        found.append(apart)
    return found


def _faces(config: Config, plan: Plan, shots: Sequence[ShotFacts]) -> list[str]:
    values = {"min_size": config.face.min_size, "max_yaw": config.face.max_yaw}
    found = [
        HELP[reason].format(share=f"{count / plan.frames:.0%}", **values)
        for reason, count in plan.passed_through.items()
        if count > NOTABLE * plan.frames
    ]
    several = [shot for shot in shots if len(shot.faces) > 1]
    if several and config.face.select == "largest" and not config.speakers.rows:
        where = f"shot {several[0].number}" + (f" and {len(several) - 1} more" if len(several) > 1 else "")
        found.append(
            f"several faces in {where}: the largest one speaks; face.select chooses another, "
            "speakers.map gives each a sound"
        )
    return found


def _sound(config: Config, speech: float) -> list[str]:
    if speech >= NOTABLE:
        return []
    what = "audio.drive" if config.audio.drive is not None else "the sound"
    told = f"{what} is talk for {speech:.0%} of its time"
    if config.speakers.rows:
        return [
            f"{told}; files of the map that are clean speech, with the mix as audio=FILE, help the mouths"
        ]
    return [f"{told}; audio.drive=FILE takes clean speech for the mouth"]


def _picture(inputs: Inputs) -> list[str]:
    video, found = inputs.table.video, []
    if video.colour.transfer in (16, 18):  # PQ and HLG in ITU-T H.273
        found.append("HDR: engines see the picture without tone mapping; the output keeps its HDR tags")
    return found
