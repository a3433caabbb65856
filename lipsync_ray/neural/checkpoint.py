"""Published weight files to tensors by name: data only, no code in a file ever runs."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lipsync_ray.errors import DependencyMissing, WeightsCorrupt
from lipsync_ray.neural.torchscript import is_torchscript, read_torchscript

_WRAPPER = "module."  # nn.DataParallel puts it before every key
_SHOWN = 3  # keys named in an error


def read_tensors(path: Path, nesting: Sequence[str] = ()) -> dict[str, Tensor]:
    """Tensors of a weight file by key, on the CPU.

    Reads what ``torch.save`` wrote (with ``weights_only``: no code of a pickle runs), TorchScript archives
    (as data: none of their code runs either) and safetensors.

    Args:
        path: the file.
        nesting: keys under which the tensors may lie; the first one that is there counts, else the file
            itself is the mapping. A leading ``module.`` is taken off every key.

    Raises:
        WeightsCorrupt: the file is none of these, or holds no tensors.
        DependencyMissing: of a safetensors file, where that package is absent.
    """
    content: Any = _load(path)
    inner = next((content[name] for name in nesting if name in content), content)
    tensors = (
        {str(key).removeprefix(_WRAPPER): value for key, value in inner.items() if isinstance(value, Tensor)}
        if isinstance(inner, Mapping)
        else {}
    )
    if not tensors:
        raise WeightsCorrupt(f"{path.name} holds no tensors where they should be; is it another file's name?")
    return tensors


def _load(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix == ".safetensors":
            return _safetensors(path)
        if is_torchscript(path):
            return read_torchscript(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except DependencyMissing:
        raise
    except Exception as error:  # a damaged pickle fails in any way, assertions too
        # Damage sends readers to places before the file's beginning; other troubles of a disk are its own.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise WeightsCorrupt(f"{path.name} cannot be read as a file of weights: {_reason(error)}") from error
    if not isinstance(content, Mapping):
        raise WeightsCorrupt(f"{path.name} holds a {type(content).__name__}, not weights by name")
    return content


def _safetensors(path: Path) -> Mapping[str, Any]:
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise DependencyMissing(f"{path.name} needs safetensors: pip install safetensors") from error
    return load_file(path)


def _reason(error: BaseException) -> str:
    """One line; PyTorch's own would tell people how to run the code in a file."""
    if isinstance(error, pickle.UnpicklingError):
        return "it is damaged, or holds code, which is never run"
    return str(error).strip().partition("\n")[0][:160] or type(error).__name__


def load_weights(net: nn.Module, tensors: Mapping[str, Tensor], what: str, skip: Sequence[str] = ()) -> None:
    """Put tensors into a network; every key has to fit.

    Args:
        net: the network.
        tensors: weights by key.
        what: the file's name, for the error.
        skip: keys with one of these parts in them are left out.

    Raises:
        WeightsCorrupt: keys are missing, unknown, or of another shape.
    """
    kept = {key: value for key, value in tensors.items() if not any(part in key for part in skip)}
    own = net.state_dict()
    problems = [
        *_named("lacks", [key for key in own if key not in kept]),
        *_named("has unknown", [key for key in kept if key not in own]),
        *_named("has of another shape", [k for k, v in kept.items() if k in own and own[k].shape != v.shape]),
    ]
    if problems:
        raise WeightsCorrupt(f"{what} is not a file of {type(net).__name__}: it {'; it '.join(problems)}")
    net.load_state_dict(kept)


def _named(how: str, keys: Sequence[str]) -> list[str]:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return [f"{how} {', '.join(keys[:_SHOWN])}{more}"] if keys else []


def fold_spectral_norm(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace ``weight_orig``, ``weight_u`` and ``weight_v`` by the weight they stand for.

    In evaluation ``weight = weight_orig / (u . (W v))`` with W as ``(out, -1)``: the old
    ``torch.nn.utils.spectral_norm`` without its power iteration.

    Raises:
        WeightsCorrupt: a weight lacks its vectors.
    """
    folded: dict[str, Tensor] = {}
    for key, value in tensors.items():
        if key.endswith((".weight_u", ".weight_v")):
            continue
        if key.endswith(".weight_orig"):
            stem = key.removesuffix("_orig")
            if missing := [name for name in (f"{stem}_u", f"{stem}_v") if name not in tensors]:
                raise WeightsCorrupt(f"a spectral norm lacks {', '.join(missing)}")
            u, v = tensors[f"{stem}_u"], tensors[f"{stem}_v"]
            folded[stem] = value / torch.dot(u, torch.mv(value.reshape(len(value), -1), v))
        else:
            folded[key] = value
    return folded
