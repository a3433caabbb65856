"""The targets of the fuzzers with few inputs: seeds, seeds with some bytes changed, and anything at all.

``python -m tests.fuzz TARGET`` asks longer, and looks for branches that no input has taken.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.catalogue import TARGETS
from tests.fuzz.target import Target, feed

EXAMPLES = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the targets of this module keep their files; keys for signing are their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIPSYNC_RAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_give_a_value_or_a_named_error(name: str, folder: Path) -> None:
    target = TARGETS[name]
    seeds = target.seeds(Path(tempfile.mkdtemp(dir=folder)))
    for seed in seeds:
        feed(target, seed, folder)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=_inputs(target, seeds))
    def ask(data: bytes) -> None:
        feed(target, data, folder)

    ask()


def _inputs(target: Target, seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes, seeds that are cut or changed in places, and seeds with words of the format in them."""
    seed = st.sampled_from(seeds)
    changes = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=6)
    words = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(target.tokens)), max_size=3)
    changed = st.builds(_changed, seed, changes)
    return st.one_of(st.binary(max_size=300), changed, st.builds(_changed, changed, words))


def _changed(data: bytes, changes: list[tuple[float, bytes]]) -> bytes:
    for place, new in changes:
        at = int(place * len(data))
        data = data[:at] + new + data[at + len(new) :] if new else data[:at]
    return data
