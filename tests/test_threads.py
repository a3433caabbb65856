from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from lipsync_ray.threads import Prefetch, Sink, ahead_of, decoder_share


def test_prefetch_keeps_order_and_stays_within_its_depth() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    with Prefetch(numbers(), depth=3) as items:
        for expected, item in enumerate(items):
            assert item == expected
            assert len(made) <= expected + 1 + 3 + 1
    assert len(made) == 100


def test_prefetch_hands_over_an_error_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken frame")

    got = []
    with pytest.raises(ValueError, match="broken frame"), Prefetch(failing(), depth=2) as items:
        got.extend(items)
    with Prefetch(failing(), depth=2) as items:
        assert next(items) == 1


def test_an_error_is_held_by_nobody_once_it_is_dealt_with() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken frame")

    class Large:
        """What a consumer has at hand."""

    def consume() -> None:
        large = Large()
        held.append(weakref.ref(large))
        with Prefetch(failing(), depth=2) as items:
            for _ in items:
                assert large

    held: list[weakref.ref[Large]] = []
    gc.disable()
    try:
        with pytest.raises(ValueError, match="broken frame"):
            consume()
        assert held[0]() is None
    finally:
        gc.enable()


def test_leaving_early_stops_the_thread() -> None:
    before = threading.active_count()
    with Prefetch(iter(range(10**9)), depth=2) as items:
        assert next(items) == 0
    assert threading.active_count() == before


def test_sink_consumes_everything_before_leaving() -> None:
    got: list[int] = []
    with Sink(got.append, depth=2) as put:
        for number in range(50):
            put(number)
    assert got == list(range(50))


def test_sink_raises_what_its_function_raised() -> None:
    def refuse(number: int) -> None:
        if number == 3:
            raise OSError("disk full")

    def feed() -> None:
        with Sink(refuse, depth=1) as put:
            for number in range(1000):
                put(number)

    with pytest.raises(OSError, match="disk full"):
        feed()


def test_without_depth_everything_happens_in_the_one_thread_that_asks() -> None:
    here, before = threading.get_ident(), threading.active_count()
    seen: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(3):
            seen.append(threading.get_ident())
            time.sleep(0.01)
            yield number

    def take(number: int) -> None:
        seen.append(threading.get_ident())
        if number == 2:
            raise ValueError("no room")

    reading, writing = Prefetch(numbers(), depth=0), Sink(take, depth=0)
    with pytest.raises(ValueError, match="no room"), reading as items, writing as put:
        list(map(put, items))
    assert set(seen) == {here}
    assert len(seen) == 6
    assert threading.active_count() == before
    assert reading.seconds >= 0.03
    assert writing.seconds > 0


@pytest.mark.parametrize(("threads", "decoder", "ahead"), [(1, 1, False), (2, 1, True), (8, 4, True)])
def test_a_decoder_leaves_threads_to_others(threads: int, decoder: int, ahead: bool) -> None:
    assert decoder_share(threads) == decoder
    assert (ahead_of(threads) > 0) == ahead
