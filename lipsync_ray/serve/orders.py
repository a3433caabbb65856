"""From a job in the store to one that a backlog can run, and what its owner is told of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from lipsync_ray.config import Config, to_plain
from lipsync_ray.errors import LipsyncError
from lipsync_ray.jobs.places import JobSpec, absolute
from lipsync_ray.media.assembling import Form, write_track
from lipsync_ray.overrides import load_config
from lipsync_ray.preview.settings import PreviewSettings
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.places import Places
from lipsync_ray.storage.uri import is_remote
from lipsync_ray.wording import option_words

_PATH = re.compile(r"(?<![\w:/.~-])/(?:[^\s/'\":;,()=]+/)+(?=[^\s/'\":;,()=]+)")
_SETTLED = "provenance.visible_mark="  # words of the operator that no job changes
_LONGEST = 1000  # characters of a message


def base_words(words: Sequence[str], places: Places) -> list[str]:
    """The operator's words with what the service has besides: a cache of its own."""
    return [f"cache.dir={places.cache()}", *words]


def config_of(job: ServedJob, base: Sequence[str], places: Places) -> Config:
    """The settings of a job. A triage without a sound gets silence; the operator's visible mark stays.

    Raises:
        ConfigError: an option is wrong.
        OSError: the silence cannot be written.
    """
    sound = places.sound(job)
    extra = [f"audio={sound}"] if sound else [f"audio={_silence(places.job(job.id))}", "sync.mode=silence"]
    files = [f"video={places.source(job)}", f"out={places.result(job)}"]
    kind = job.options.get("preview.kind", PreviewSettings().kind)  # by which the file is named
    settled = [f"preview.kind={kind}", *(word for word in base if word.startswith(_SETTLED))]
    return load_config([*base, *option_words(job.options), *settled, *files, *extra])


def spec_of(job: ServedJob, config: Config) -> JobSpec:
    """The job as it travels."""
    return JobSpec(name=job.id, config=absolute(config), told=told_settings(job, config))


def told_settings(job: ServedJob, config: Config) -> dict[str, Any]:
    """The settings as the job's owner may see them: files by the owner's names, no folders of the server."""
    plain = to_plain(config)
    plain["video"], plain["out"] = job.video.name, f"result.{job.container}"
    plain["audio"]["file"] = job.audio.name if job.audio is not None else None
    plain["cache"] |= {"dir": None, "copies_dir": None}
    plain["weights"] |= {"folder": None, "dir": None}
    plain["provenance"] |= {"key": None, "certificate": None}
    return plain


def error_of(error: BaseException, job: ServedJob) -> tuple[str, str]:
    """Code and message of an error, for the job's owner."""
    if isinstance(error, LipsyncError):
        return error.code, told_text(str(error), job)
    return "INTERNAL", told_text(f"{type(error).__name__}: {error}", job)


def told_text(text: str, job: ServedJob) -> str:
    """A text on one line, in which files have their owner's names and others no folders."""
    files = {file.place: file.name for file in (job.video, job.audio) if file and not is_remote(file.place)}
    files = {Path(place).name: name for place, name in files.items()}
    named = re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in files) or "(?!)")
    bare = _PATH.sub("", " ".join(text.split()))
    return named.sub(lambda found: files[found[0]], bare)[:_LONGEST]


def _silence(folder: Path) -> Path:
    """A second of it: the video is longer, and is kept as long as it is."""
    path = folder / "silence.wav"
    write_track([], path, Form(rate=8000, channels=1), length=Fraction(1), fade_ms=0)
    return path
