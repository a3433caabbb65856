"""Frames that are decoded once and taken by several readers, each in an order of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class Feed(Generic[T]):
    """Holds a frame from when the first reader wants it until no reader will want it any more.

    Args:
        frames: the frames, once each, in the order of their numbers.
        orders: for each reader the numbers that it takes, in its order; a number may come again.
    """

    def __init__(self, frames: Iterator[T], orders: Sequence[Sequence[int]]) -> None:
        self._frames = frames
        self._coming = iter(self.numbers(orders))
        self._orders = orders
        self._held: dict[int, T] = {}
        # The lowest number that each reader still wants, by how many frames it has taken.
        self._lowest = [np.minimum.accumulate(np.array(order[::-1], np.int64))[::-1] for order in orders]
        self._taken = [0] * len(orders)

    @staticmethod
    def numbers(orders: Sequence[Sequence[int]]) -> list[int]:
        """The numbers of all frames that are wanted, ascending."""
        return sorted({number for order in orders for number in order})

    def reader(self, which: int) -> Iterator[T]:
        """The frames of one reader."""
        for number in self._orders[which]:
            while number not in self._held:
                self._held[next(self._coming)] = next(self._frames)
            frame = self._held[number]
            self._taken[which] += 1
            self._forget()
            yield frame

    def _forget(self) -> None:
        left = zip(self._lowest, self._taken, strict=True)
        needed = min((int(lowest[taken]) for lowest, taken in left if taken < len(lowest)), default=None)
        for number in [number for number in self._held if needed is None or number < needed]:
            del self._held[number]
