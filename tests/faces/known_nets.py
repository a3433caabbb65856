"""Networks that answer by looking for a white box, so that faces come out at known places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lipsync_ray.faces.detectors.priors import VARIANCES

Places = Callable[[int, int], np.ndarray]  # priors of a picture's height and width
SEEN_BY = 200  # above this grey a face is seen
EYES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])  # across and down a box
SURE = 6.0  # logit


def marked(height: int, width: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """A dark picture, ``uint8[H,W,3]``, with a white box of x0, y0, x1, y1."""
    made = np.full((height, width, 3), 40, np.uint8)
    made[box[1] : box[3], box[0] : box[2]] = 255
    return made


def answers(picture: Tensor, places: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """What a perfect network says of a picture ``[3,h,w]``, BGR minus the mean: the white box.

    Returns:
        Boxes ``[N,4]`` and points ``[N,10]`` relative to the priors, scores ``[N,2]`` before the softmax:
        sure at the prior nearest to the box.
    """
    rows, columns = torch.nonzero(picture.amin(0) + 104 > SEEN_BY, as_tuple=True)
    scores = torch.tensor([SURE, -SURE]).repeat(len(places), 1)
    boxes, points = torch.zeros(len(places), 4), torch.zeros(len(places), 10)
    if not len(rows):
        return boxes, scores, points
    low = np.array([int(columns.min()), int(rows.min())])
    high = np.array([int(columns.max()) + 1, int(rows.max()) + 1])
    want = np.concatenate([(low + high) / 2, high - low])
    best = int(np.argmin(np.abs(places - want).sum(1)))
    prior = places[best]
    scores[best] = torch.tensor([-SURE, SURE])
    boxes[best, :2] = torch.from_numpy((want[:2] - prior[:2]) / (VARIANCES[0] * prior[2:]))
    boxes[best, 2:] = torch.from_numpy(np.log(want[2:] / prior[2:]) / VARIANCES[1])
    five = low + EYES * (high - low)
    points[best] = torch.from_numpy((five - prior[:2]) / (VARIANCES[0] * prior[2:])).flatten()
    return boxes, scores, points


def by_picture(pictures: Tensor, places: np.ndarray) -> list[Tensor]:
    """``answers`` for a batch, joined: boxes, scores, points."""
    said = [answers(picture, places) for picture in pictures]
    return [torch.stack(part) for part in zip(*said, strict=True)]


class Known(nn.Module):
    """Answers by a function instead of by weights."""

    def __init__(self, function: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.function = function
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, pictures: Tensor) -> object:
        """Whatever the function says."""
        self.shapes.append(tuple(pictures.shape))
        return self.function(pictures)
