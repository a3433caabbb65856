"""A part of a picture computed by itself is that part of the whole computation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from lipsync_ray.neural.window import Window

SIZE = 24
PICTURE = torch.randn(1, 2, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
KERNEL = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(1))


@st.composite
def windows(draw: st.DrawFn, size: int) -> Window:
    y0, x0 = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
    return Window(y0, draw(st.integers(y0 + 1, size)), x0, draw(st.integers(x0 + 1, size)))


def filtered(picture: Tensor) -> Tensor:
    return functional.conv2d(picture, KERNEL, padding=1)


def enlarged(picture: Tensor, mode: str) -> Tensor:
    return functional.interpolate(picture, scale_factor=2, mode=mode)


@settings(deadline=None)
@given(wanted=windows(SIZE))
def test_filters_read_a_rim(wanted: Window) -> None:
    whole = Window.whole(SIZE)
    read = wanted.grown(2, SIZE)
    found = wanted.cut(filtered(filtered(read.cut(PICTURE, whole))), read)
    torch.testing.assert_close(found, wanted.cut(filtered(filtered(PICTURE)), whole))


@pytest.mark.parametrize(("mode", "rim"), [("bilinear", 1), ("nearest", 0)])
@settings(deadline=None)
@given(wanted=windows(2 * SIZE))
def test_enlargements_read_half(mode: str, rim: int, wanted: Window) -> None:
    read = wanted.halved(rim, SIZE)
    part = read.cut(PICTURE, Window.whole(SIZE))
    found = wanted.cut(enlarged(part, mode), read.doubled())
    torch.testing.assert_close(found, wanted.cut(enlarged(PICTURE, mode), Window.whole(2 * SIZE)))


def test_a_rim_too_narrow_is_wrong() -> None:
    wanted, whole = Window(6, 12, 6, 12), Window.whole(2 * SIZE)
    read = wanted.halved(0, SIZE)
    found = wanted.cut(enlarged(read.cut(PICTURE, Window.whole(SIZE)), "bilinear"), read.doubled())
    assert not torch.allclose(found, wanted.cut(enlarged(PICTURE, "bilinear"), whole))


@given(first=windows(SIZE), second=windows(SIZE))
def test_a_union_holds_both(first: Window, second: Window) -> None:
    both = first.united(second)
    for each in (first, second):
        assert torch.equal(
            each.cut(both.cut(PICTURE, Window.whole(SIZE)), both), each.cut(PICTURE, Window.whole(SIZE))
        )


def test_no_window_is_the_whole_picture() -> None:
    assert Window.inside(SIZE, None) == Window.whole(SIZE)
    assert Window.inside(SIZE, (1, 2, 3, 4)) == Window(1, 2, 3, 4)


@pytest.mark.parametrize("wrong", [(0, 25, 0, 1), (3, 3, 0, 1), (-1, 2, 0, 1), (0, 1, 5, 4)])
def test_a_window_beyond_the_picture_is_refused(wrong: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie within 24 x 24"):
        Window.inside(SIZE, wrong)
