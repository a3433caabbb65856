"""A parity fixture: deterministic weights and inputs, and what the original network made of them."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.parity import recipe

FOLDER = Path(__file__).resolve().parent


class Fixture:
    """The fixture of one name; its weights are made when they are asked for, and once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.manifest: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))

    @cached_property
    def wanted(self) -> dict[str, np.ndarray]:
        """Stored outputs by tag."""
        with np.load(FOLDER / f"{self.name}.npz") as stored:
            return dict(stored)

    @cached_property
    def weights(self) -> dict[str, torch.Tensor]:
        """Tensors by state-dict key, of the recipe."""
        made = recipe.state_dict(self.manifest)
        return {key: torch.from_numpy(np.asarray(value)) for key, value in made.items()}

    def inputs(self) -> dict[str, torch.Tensor]:
        """Inputs by name, of the recipe."""
        return {name: torch.from_numpy(value) for name, value in recipe.inputs(self.manifest).items()}

    def check(self, name: str, found: torch.Tensor | np.ndarray) -> None:
        """Compare an output with all that is stored of it, at the stated tolerance."""
        array = np.asarray(found.detach() if isinstance(found, torch.Tensor) else found)
        spec = self.manifest["outputs"][name]
        assert list(array.shape) == list(spec["shape"]), f"{name} has shape {array.shape}"
        for tag, part in spec["stored"].items():
            np.testing.assert_allclose(
                recipe.subset(array, part),
                self.wanted[tag],
                atol=self.manifest["atol"][name],
                rtol=self.manifest["rtol"],
                err_msg=f"{self.name}: {tag}",
            )

    def differs(self, name: str, found: torch.Tensor | np.ndarray) -> bool:
        """Whether the comparison notices a difference."""
        try:
            self.check(name, found)
        except AssertionError:
            return True
        return False
