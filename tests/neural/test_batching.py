"""Rows through a network in pieces: the same results however they are cut."""

from __future__ import annotations

import logging
import weakref

import pytest
import torch
from torch import Tensor, nn

from lipsync_ray.neural.batching import Batches


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 4, 3, padding=1)).eval()


@torch.inference_mode()
def test_a_rows_result_does_not_depend_on_its_company(net: nn.Module) -> None:
    rows = torch.randn(11, 3, 24, 24)
    whole = Batches(4).run(net, rows)
    assert whole.shape == (11, 4, 24, 24)
    for start, stop in ((0, 1), (3, 6), (4, 9), (10, 11)):
        assert torch.equal(Batches(4).run(net, rows[start:stop]), whole[start:stop])


def test_every_piece_has_the_same_size_and_rows_stay_together() -> None:
    sizes: list[int] = []

    def both(first: Tensor, second: Tensor) -> Tensor:
        sizes.append(len(first))
        return first + second

    made = Batches(4).run(both, torch.arange(10), 100 * torch.arange(10))
    assert made.tolist() == [101 * number for number in range(10)]
    assert sizes == [4, 4, 4]


def test_nothing_to_run_is_an_error() -> None:
    with pytest.raises(ValueError, match="no rows"):
        Batches(4).run(torch.relu, torch.zeros(0, 3))


class Small:
    """Memory for a few rows."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room, self.error = room, error
        self.sizes: list[int] = []

    def __call__(self, rows: Tensor) -> Tensor:
        self.sizes.append(len(rows))
        if len(rows) > self.room:
            raise self.error
        return 2 * rows


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 by"),
    ],
)
def test_out_of_memory_halves_the_pieces_for_good(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    batches, function = Batches(8), Small(3, error)
    with caplog.at_level(logging.WARNING):
        assert batches.run(function, torch.arange(5)).tolist() == [0, 2, 4, 6, 8]
    assert function.sizes == [8, 4, 2, 2, 2]
    assert batches.size == 2
    assert "going on with 2 pictures at a time" in caplog.text
    batches.run(function, torch.arange(4))
    assert function.sizes[5:] == [2, 2]


def test_what_a_failed_piece_held_is_free_before_a_smaller_one_runs() -> None:
    held: list[weakref.ref[Tensor]] = []
    alive: list[bool] = []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            alive.append(held[-1]() is not None)

    def greedy(rows: Tensor) -> Tensor:
        between = rows + 1
        held.append(weakref.ref(between))
        if len(rows) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return 2 * between

    logger, watch = logging.getLogger("lipsync_ray.neural.batching"), Watch()
    logger.addHandler(watch)
    try:
        assert Batches(4).run(greedy, torch.arange(3)).tolist() == [2, 4, 6]
    finally:
        logger.removeHandler(watch)
    assert alive == [False, False]


def test_a_row_that_does_not_fit_and_other_errors_are_told() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        Batches(4).run(Small(0, torch.OutOfMemoryError("CUDA out of memory.")), torch.arange(3))
    function = Small(0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        Batches(4).run(function, torch.arange(3))
    assert function.sizes == [4]


def test_memory_that_the_processor_really_lacks() -> None:
    def greedy(rows: Tensor) -> Tensor:
        if len(rows) > 1:
            torch.empty(1 << 58, dtype=torch.uint8)
        return rows + 1

    assert Batches(4).run(greedy, torch.arange(3)).tolist() == [1, 2, 3]
