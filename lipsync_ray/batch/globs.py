"""A backlog without a manifest: files found by pattern, each video with the sounds that belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from string import Formatter

from lipsync_ray.batch.entry import Entry, clashes, clean_id, default_out, stem_of
from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import suggest
from lipsync_ray.storage.files import glob
from lipsync_ray.storage.uri import checked, is_remote, local_path, name_of, parsed, suffix_of

_CONTAINERS = (".mp4", ".mov", ".mkv")  # what can be written


def expand(video: str, audio: str, out: str | None, out_dir: str) -> list[Entry]:
    """One job for every video and each of its sounds, sorted by their names.

    Args:
        video: a pattern (``*``, ``?``, ``[ab]``, ``**``), a path or an address, such as ``clips/*.mp4``.
        audio: a pattern with ``{video_name}``, the name of the video without its ending, such as
            ``dubs/{video_name}.wav``. It may hold wildcards too, so that a video has several sounds:
            ``dubs/*/{video_name}.wav``.
        out: a pattern with ``{video_name}``, ``{audio_name}``, ``{audio_folder}`` (the folder that the sound
            lies in), ``{index}`` (from 1; ``{index:04d}`` has zeros) and ``{ext}`` (the ending of the video
            without its dot where it can be written, else mp4). None: ``OUT_DIR/videos/ID.mp4``. Braces that
            are meant are written twice.
        out_dir: the folder of the batch.

    The id is ``{video_name}`` where every video has one sound, else ``{video_name}.{audio_name}``, or with
    the folder's name where the sounds of a video are all called the same.

    Raises:
        ConfigError: nothing fits, a video has no sound, a sound fits two videos, two jobs have one id or
            output, or a pattern holds something else in braces.
        StorageError: a store cannot be listed.
    """
    _check_pattern("audio", audio, ("video_name",))
    if out is not None:
        _check_pattern("out", out, ("index", "video_name", "audio_name", "audio_folder", "ext"))
    videos = glob(checked(video))
    if not videos:
        raise ConfigError(f"no file fits video={video}; check the name and the folder")
    sounds = {name: glob(_wanted(audio, name)) for name in videos}
    _check_sounds(audio, sounds)
    entries = list(_entries(sounds, out, out_dir))
    if wrong := clashes(entries, "number"):
        raise ConfigError(_told(entries, *wrong[0]))
    return entries


def _entries(sounds: Mapping[str, Sequence[str]], out: str | None, out_dir: str) -> Iterator[Entry]:
    single = all(len(found) == 1 for found in sounds.values())
    pairs = [(video, sound) for video, found in sounds.items() for sound in found]
    for index, (video, sound) in enumerate(pairs, 1):
        name = stem_of(video)
        id = clean_id(name if single else _label(name, sound, sounds[video]))
        target = default_out(out_dir, id)
        if out is not None:
            target = _filled("out", out, _values(index, video, sound))
        yield Entry(id=id, video=video, audio=sound, out=checked(target), line=index)


def _label(name: str, sound: str, all_sounds: Sequence[str]) -> str:
    """What tells the jobs of one video apart."""
    own = stem_of(sound)
    if len({stem_of(other) for other in all_sounds}) < len(all_sounds):
        own = _folder_of(sound)
    return own if re.match(re.escape(name) + r"[._-]", own) else f"{name}.{own}"  # not talk.talk.de


def _values(index: int, video: str, sound: str) -> dict[str, str | int]:
    suffix = suffix_of(video)
    return {
        "index": index,
        "video_name": stem_of(video),
        "audio_name": stem_of(sound),
        "audio_folder": _folder_of(sound),
        "ext": (suffix if suffix in _CONTAINERS else ".mp4").removeprefix("."),
    }


def _folder_of(place: str) -> str:
    path = parsed(place).path if is_remote(place) else str(local_path(place).absolute())
    return PurePosixPath(path).parent.name


def _wanted(audio: str, video: str) -> str:
    """The pattern of a video's sounds; what its name holds of wildcards stands for itself."""
    escaped = re.sub(r"([*?[])", r"[\1]", stem_of(video))
    return checked(_filled("audio", audio, {"video_name": escaped}))


def _filled(option: str, pattern: str, values: Mapping[str, str | int]) -> str:
    try:
        return pattern.format(**values)
    except ValueError as error:  # a format that the value does not take
        raise ConfigError(f"{option}={pattern}: {error}") from error


def _check_pattern(option: str, pattern: str, known: Sequence[str]) -> None:
    try:
        found = [(field, spec) for _, field, spec, _ in Formatter().parse(pattern) if field is not None]
    except ValueError as error:
        raise ConfigError(f"{option}={pattern}: {error}; a brace that is meant is written twice") from error
    for field, spec in found:
        if field not in known or "{" in (spec or ""):
            names = ", ".join(f"{{{name}}}" for name in known)
            raise ConfigError(f"{option}={pattern}: {{{field}}} is none of {names}{suggest(field, known)}")


def _check_sounds(audio: str, sounds: Mapping[str, Sequence[str]]) -> None:
    if without := [video for video, found in sounds.items() if not found]:
        shown = ", ".join(f"{name_of(video)} ({_wanted(audio, video)})" for video in without[:3])
        more = f" and {len(without) - 3} more" if len(without) > 3 else ""
        raise ConfigError(
            f"no sound for {len(without)} of {len(sounds)} videos: {shown}{more}; "
            "add the files, or list the jobs in a manifest"
        )
    named = any(field == "video_name" for _, field, _, _ in Formatter().parse(audio))
    taken: dict[str, str] = {}
    for video, found in sounds.items():
        for sound in found:
            other = taken.setdefault(sound, video)
            if other != video and named:
                raise ConfigError(
                    f"{sound} fits both {other} and {video}; write the whole name, as in {{video_name}}.*.wav"
                )
    if not named and len(sounds) > 1 and len(taken) > 1:
        raise ConfigError(
            f"audio={audio} fits {len(taken)} sounds for each of {len(sounds)} videos; "
            "put {video_name} into it to say which belongs to which"
        )


def _told(entries: Sequence[Entry], number: int, problem: str) -> str:
    entry = entries[number - 1]
    return (
        f"number {number} of what was found ({entry.video}, {entry.audio}): {problem}; "
        "{index}, {video_name} and {audio_name} in out tell jobs apart, a manifest gives ids"
    )
