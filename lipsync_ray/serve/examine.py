"""A look at the files of a job before it is taken: wrong ones are told at once, not after the queue."""

from __future__ import annotations

from collections.abc import Callable
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
        Seconds that a dub of them has at most, the longer of both; 0 where no header tells.

    Raises:
        Problem: a file cannot be used.
        LimitExceeded: a file is beyond a limit.
    """
    seconds = 0.0
    if not is_remote(video.place):
        most = int(settings.max_megapixels * 1e6)
        glance = _looked(folder, video, lambda path: glance_at_video(path, video.name, most))
        check_picture(video.name, glance.width, glance.height, settings)
        check_length(video.name, glance.seconds, settings)
        seconds = glance.seconds
    if audio is not None and not is_remote(audio.place):
        sound = _looked(folder, audio, lambda path: glance_at_sound(path, audio.name)).seconds
        check_length(audio.name, sound, settings)
        seconds = max(seconds, sound)
    return seconds


def _looked(folder: Path, file: InputFile, look: Callable[[Path], Glance]) -> Glance:
    path = folder / file.place  # an absolute place stands for itself
    try:
        return look(path)
    except LipsyncError as error:
        problem = problem_of(error)
        detail = problem.detail.replace(str(path), file.name)
        raise Problem(problem.status, problem.code, detail) from error
