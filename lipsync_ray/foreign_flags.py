"""Where the flags of the scripts went that people come from: Wav2Lip's, VideoReTalking's and LipGAN's."""

from __future__ import annotations

import itertools
import re
import typing
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.kinds import either, field_kinds, is_text, owners
from lipsync_ray.schema import find_kind

# Flag: the option, with a value that shows how one looks.
_RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "face": "video=FILE",
        "audio": "audio.file=FILE",
        "outfile": "out=FILE",
        "results_dir": "out=FILE",
        "fps": "sync.fps=25",
        "static": "media.static=true",
        "resize_factor": "preset.resize_factor=2",
        "pads": "engine.pads=[0,10,0,0]",
        "box": "engine.box=[100,300,200,400]",
        "nosmooth": "engine.nosmooth=true",
        "exp_img": "engine.exp_img=smile",
        "up_face": "engine.up_face=surprise",
        "face_det_batch_size": "compute.batch=8",
        "wav2lip_batch_size": "compute.batch=128",
        "lipgan_batch_size": "compute.batch=128",
        "LNet_batch_size": "compute.batch=16",
        "tmp_dir": "cache.dir=FOLDER",
    }
)
_WEIGHTS = "weights.dir=FOLDER is where weight files of your own are looked for"
# Flags without one option in their place.
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "checkpoint_path": f"engine.checkpoint=NAME chooses one of Wav2Lip's networks; {_WEIGHTS}",
        "DNet_path": _WEIGHTS,
        "LNet_path": _WEIGHTS,
        "ENet_path": _WEIGHTS,
        "face3d_net_path": _WEIGHTS,
        "crop": "nothing is cut off here: face.select=box face.box=[x0,y0,x1,y1] says where the speaker is",
        "rotate": "not needed: a video is shown upright as it says itself",
        "re_preprocess": "not needed: found faces are kept by the content of a video, not by its name",
    }
)


def explain_foreign(words: Sequence[str], faces: Collection[str] = ()) -> str | None:
    """What to write instead of a flag of another script; None for everything else.

    Args:
        words: those of a command line, from the one in question on: values may follow a flag.
        faces: what ``face=NAME`` may rightly choose; anything else there is taken for a video's name.
    """
    flag, equals, value = words[0].partition("=")
    name = flag.removeprefix("--")
    if flag == name == "audio" or (flag == name == "face" and (value in faces or not _is_path(value))):
        return None
    if name in _ELSEWHERE:
        return f"{flag} is not known: {_ELSEWHERE[name]}"
    if name not in _RENAMED:
        return None
    option, _, example = _RENAMED[name].partition("=")
    group, _, field = option.rpartition(".")
    choice = field_kinds(Config).get(group)
    having = owners(choice, field)
    kind = find_kind(Config, option, {group: having[0]} if having else {})
    following = itertools.takewhile(lambda word: not word.startswith("--") and "=" not in word, words[1:])
    typed = f"{option}={_typed(kind, [value] * bool(equals) + list(following)) or example}"
    shown = f"'{typed}'" if " " in typed else typed
    return f"{flag} is not known: write {shown}{f' with {group}={either(having)}' if having else ''}"


def _is_path(value: str) -> bool:
    return re.search(r"[./\\]", value) is not None


def _typed(kind: Any, given: Sequence[str]) -> str:
    """The values after a flag as this option takes them; empty when they are not of its type."""
    kind = next((arm for arm in typing.get_args(kind) if typing.get_origin(arm) is tuple), kind)
    numbers = re.findall(r"-?\d+", " ".join(given))
    if typing.get_origin(kind) is tuple:
        return f"[{','.join(numbers)}]" if len(numbers) == len(typing.get_args(kind)) else ""
    if kind is bool:
        return "false" if given and given[0].lower() == "false" else "true"
    if not is_text(kind):
        return numbers[0] if given and numbers[:1] == list(given[:1]) else ""
    return given[0] if given else ""
