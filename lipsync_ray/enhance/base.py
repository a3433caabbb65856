"""What a restorer of faces is."""

from __future__ import annotations

from typing import Protocol

import numpy as np

Part = tuple[int, int, int, int]  # y0, y1, x0, x1 px of an aligned face


class Restorer(Protocol):
    """Makes a blurred face a sharp one. It sees faces of 512 px, aligned to its template."""

    template: np.ndarray  # float64[5,2] px: where it wants eyes, nose and corners of the mouth

    def restore(self, faces: np.ndarray, numbers: np.ndarray, part: Part) -> np.ndarray:
        """A part of the restored faces, RGB ``uint8[N,h,w,3]``.

        Args:
            faces: RGB ``uint8[N,512,512,3]``.
            numbers: output frames ``int64[N]``, which choose the noise if there is any.
            part: what is wanted of them.
        """
        ...
