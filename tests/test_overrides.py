"""Values that need no grammar are read as Hydra reads them."""

from __future__ import annotations

import pytest

from lipsync_ray.overrides import _parse, _plain_value


@pytest.mark.parametrize(
    "text",
    ["0", "1", "-5", "+7", "1.5", "-0.0", "+1.50", "true", "false", "null", "none", "abc", "a_b"],
)
def test_a_plain_value_is_what_hydra_makes_of_it(text: str) -> None:
    known, value = _plain_value(text)
    wanted = _parse("encode.crf", text, int)
    assert known
    assert (value, type(value)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    "text", ["007", "1.", ".5", "1e5", "1_000", "True", "NULL", "inf", "NaN", "a-b", "1x", "é", "1,2", "[a]"]
)
def test_everything_else_is_left_to_hydra(text: str) -> None:
    assert _plain_value(text) == (False, None)
