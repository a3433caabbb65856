"""Frames are decoded once and held no longer than somebody wants them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.feed import Feed

ORDERS = st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=12), min_size=1, max_size=3)


@given(orders=ORDERS, seed=st.randoms(use_true_random=False))
def test_every_reader_gets_its_frames_in_its_order(orders: list[list[int]], seed: object) -> None:
    decoded: list[int] = []

    def decode():
        for number in Feed.numbers(orders):
            decoded.append(number)
            yield f"frame {number}"

    feed = Feed(decode(), orders)
    readers = {which: feed.reader(which) for which in range(len(orders))}
    taken: dict[int, list[str]] = {which: [] for which in readers}
    while readers:
        which = seed.choice(sorted(readers))  # type: ignore[attr-defined]
        frame = next(readers[which], None)
        if frame is None:
            del readers[which]
        else:
            taken[which].append(frame)
    assert taken == {which: [f"frame {n}" for n in order] for which, order in enumerate(orders)}
    assert decoded == sorted({number for order in orders for number in order})


def test_what_nobody_wants_any_more_is_let_go() -> None:
    feed = Feed(iter(range(100)), [list(range(100)), list(range(100))])
    held = [len(feed._held) for pair in zip(feed.reader(0), feed.reader(1), strict=True) if pair]
    assert max(held) <= 2
