"""A look at the files of a job before it is taken: wrong ones are told at once, not after the queue."""

from __future__ import annotations

from pathlib import Path

from lipsync_ray.errors import LipsyncError
from lipsync_ray.media.glance import Glance, glance_at_sound, glance_at_video
from lipsync_ray.serve.job import InputFile
from lipsync_ray.serve.limits import check_length, check_picture
from lipsync_ray.serve.problems import Problem, problem_of
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.uri import is_remote


def examine(folder: Path, video: InputFile, audio: InputFile | None, settings: ServeSettings) -> float:
    """Open the files of a job as far as they are on this machine.

    Returns:
        Seconds of the video; 0 where its header does not tell, and for a picture.

    Raises:
        Problem: a file cannot be used.
        LimitExceeded: a file is beyond a limit.
    """
    seconds = 0.0
    if not is_remote(video.place):
        glance = _looked(folder, video, sound=False)
        seconds = glance.seconds
        check_length(video.name, seconds, settings)
        check_picture(video.name, glance.width, glance.height, settings)
    if audio is not None and not is_remote(audio.place):
        check_length(audio.name, _looked(folder, audio, sound=True).seconds, settings)
    return seconds


def _looked(folder: Path, file: InputFile, *, sound: bool) -> Glance:
    path = folder / file.place  # an absolute place stands for itself
    look = glance_at_sound if sound else glance_at_video
    try:
        return look(path, file.name)
    except LipsyncError as error:
        problem = problem_of(error)
        detail = problem.detail.replace(str(path), file.name)
        raise Problem(problem.status, problem.code, detail) from error
