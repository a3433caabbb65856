"""Many rows through a network in pieces of one size, smaller ones when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

logger = logging.getLogger(__name__)
_EXHAUSTED = ("can't allocate memory", "not enough memory", "STATUS_ALLOC_FAILED")


class Batches:
    """Runs a function over rows, ``size`` at a time.

    Every piece has exactly ``size`` rows (the last one is filled up by repeating its last row): libraries
    choose their algorithms by shape, so a row's result then depends on itself alone, not on how the rows
    were cut. When memory runs out, the size is halved for good.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def run(self, function: Callable[..., Tensor], *rows: Tensor) -> Tensor:
        """Apply ``function`` to tensors that share their first axis; the results, joined along it.

        Raises:
            torch.OutOfMemoryError: a single row does not fit.
        """
        count = len(rows[0])
        if not count:
            raise ValueError("there are no rows to run")
        done: list[Tensor] = []
        start = 0
        while start < count:
            made = self._attempt(function, rows, start, count)
            if made is None:
                self._shrink()
            else:
                done.append(made)
                start += len(made)
        return torch.cat(done)

    def _attempt(
        self, function: Callable[..., Tensor], rows: tuple[Tensor, ...], start: int, count: int
    ) -> Tensor | None:
        """Results of the next piece; None where memory ran out but may do for a smaller one."""
        try:
            return self._piece(function, rows, start, count)
        except RuntimeError as error:
            if self.size == 1 or not _out_of_memory(error):
                raise
        # What the function held is freed only now, with the error whose traceback held it.
        return None

    def _piece(
        self, function: Callable[..., Tensor], rows: tuple[Tensor, ...], start: int, count: int
    ) -> Tensor:
        stop = min(start + self.size, count)
        return function(*(_filled(row[start:stop], self.size) for row in rows))[: stop - start]

    def _shrink(self) -> None:
        self.size //= 2
        logger.warning("memory ran out: going on with %d pictures at a time", self.size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _filled(rows: Tensor, size: int) -> Tensor:
    missing = size - len(rows)
    if not missing:
        return rows
    return torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])])


def _out_of_memory(error: RuntimeError) -> bool:
    """The allocators of the GPU, of its libraries and of the CPU say it in words of their own."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _EXHAUSTED)
