"""How long and how large files may be: the same words before a job is taken and while it runs."""

from __future__ import annotations

from lipsync_ray.errors import LimitExceeded
from lipsync_ray.inputs import Inputs
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve_settings import ServeSettings


def check_picture(name: str, width: int, height: int, settings: ServeSettings) -> None:
    """Raises LimitExceeded: pictures of the file ``name`` have too many pixels."""
    if width * height > settings.max_megapixels * 1e6:
        raise LimitExceeded(
            f"{name} has {width}x{height} pixels; {settings.max_megapixels:g} megapixels are the most that "
            "is taken"
        )


def check_length(name: str, seconds: float, settings: ServeSettings) -> None:
    """Raises LimitExceeded: ``name`` is too long."""
    if seconds > settings.max_seconds:
        raise LimitExceeded(
            f"{name} has {seconds:.0f} s; {settings.max_seconds:g} s are the most that is taken"
        )


def check_limits(job: ServedJob, inputs: Inputs, settings: ServeSettings) -> None:
    """Hold files against the limits that only their content tells. Raises LimitExceeded."""
    video = inputs.table.video
    check_picture(job.video.name, video.width, video.height, settings)
    if not inputs.table.still:
        check_length(job.video.name, float(inputs.table.duration), settings)
    sound = job.audio.name if job.audio is not None else "the sound"
    check_length(sound, float(inputs.sound.duration), settings)
    check_length("the dub", float(inputs.timeline.duration), settings)
