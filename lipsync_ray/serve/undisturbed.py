"""Work of a request that is not left half done when its client goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.concurrency import run_in_threadpool

T = TypeVar("T")


async def undisturbed(work: Callable[[], T], unwanted: Callable[[T], object] | None = None) -> T:
    """Do something in a thread, and wait for its end whatever happens meanwhile.

    A thread cannot be stopped: who is cancelled and goes on at once would clean up under its hands.

    Args:
        work: what is to be done.
        unwanted: called in a thread with what came of it, if nobody waits for that any more.

    Raises:
        CancelledError: the request was cancelled meanwhile; the work has ended.
        Exception: its own.
    """
    task = asyncio.ensure_future(run_in_threadpool(work))
    cancelled = await _ended(task)
    if cancelled is not None:
        if task.exception() is None and unwanted is not None:
            result = task.result()
            await _ended(asyncio.ensure_future(run_in_threadpool(unwanted, result)))
        raise cancelled
    return task.result()


async def _ended(task: asyncio.Task[T]) -> asyncio.CancelledError | None:
    """Wait for a task; what has cancelled the waiting, if anything has."""
    cancelled = None
    with anyio.CancelScope(shield=True):  # which would cancel again and again
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error
    return cancelled
