"""What the digests of frames tell once the pieces are in order."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.stitch import Assembly

DIGESTS = st.lists(st.sampled_from(["", "a", "5d41402a"]), min_size=1, max_size=40)


@given(digests=DIGESTS)
def test_a_frame_is_edited_if_it_has_a_digest(digests: list[str]) -> None:
    whole = Assembly(segments=[], digests="\n".join(digests))
    assert whole.edited.tolist() == [digest != "" for digest in digests]


@given(digests=DIGESTS)
def test_the_hash_is_that_of_the_digests_line_by_line(digests: list[str]) -> None:
    whole = Assembly(segments=[], digests="\n".join(digests))
    assert whole.digest == hashlib.sha256("\n".join(digests).encode()).hexdigest()
    marked = Assembly(segments=[], digests="\n".join(digests), mark="AI")
    assert marked.digest == hashlib.sha256("\n".join([*digests, "marked AI"]).encode()).hexdigest()
