"""A file laid out like ``syncnet_v2.model``, as class S of syncnet_python has it, with numbers of chance."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

SIZE = 54_573_114  # bytes of the published file
SOUND = {
    0: (64, 1, 3, 3),
    4: (192, 64, 3, 3),
    8: (384, 192, 3, 3),
    11: (256, 384, 3, 3),
    14: (256, 256, 3, 3),
    18: (512, 256, 5, 4),
}
LIPS = {
    0: (96, 3, 5, 7, 7),
    4: (256, 96, 1, 5, 5),
    8: (256, 256, 1, 3, 3),
    11: (256, 256, 1, 3, 3),
    14: (256, 256, 1, 3, 3),
    18: (512, 256, 1, 6, 6),
}
LAST = {0: (512, 512)}
PARTS = {"netcnnaud": SOUND, "netfcaud": LAST, "netfclip": LAST, "netcnnlip": LIPS}


def published(seed: int = 0) -> dict[str, Tensor]:
    """All tensors, without the counters of batches: the published file is older than those."""
    chance = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        spread = (2 / max(1, torch.Size(shape[1:]).numel())) ** 0.5 if len(shape) > 1 else 0.1
        return spread * torch.randn(shape, generator=chance)

    tensors: dict[str, Tensor] = {}
    for part, layers in PARTS.items():
        for index, shape in layers.items():
            tensors[f"{part}.{index}.weight"] = drawn(*shape)
            tensors[f"{part}.{index}.bias"] = drawn(shape[0])
            for name, middle in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
                tensors[f"{part}.{index + 1}.{name}"] = (middle + drawn(shape[0])).clip(min=middle - 0.5)
        if layers is LAST:
            tensors[f"{part}.3.weight"], tensors[f"{part}.3.bias"] = drawn(1024, 512), drawn(1024)
    return tensors


def write_syncnet(folder: Path, seed: int = 0) -> Path:
    """Write the file into a folder as PyTorch did when it was published."""
    path = folder / "syncnet_v2.model"
    torch.save(published(seed), path, _use_new_zipfile_serialization=False)
    return path
