from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.unit_selection.basis import BasisFit, load_prior, move
from lipsync_ray.engines.unit_selection.descriptor import describe
from tests.engines.unit_selection.talker import neutral, speechlike, talk


@settings(max_examples=40, deadline=None)
@given(a=st.floats(0, 0.2), w=st.floats(-0.1, 0.1), lo=st.floats(-0.05, 0.1), jaw=st.floats(-0.03, 0.06))
def test_a_wanted_mouth_arrives(a, w, lo, jaw):
    shape, delta = neutral(), np.array([[a, w, 0, lo, jaw, 0]])
    nose_y = float(shape[0, 2, 1])
    reached = describe(move(shape, delta, load_prior(), nose_y), nose_y)
    assert np.abs(reached - describe(shape, nose_y) - delta).max() < 5e-3


def test_no_change_moves_nothing():
    shape = neutral()
    assert np.array_equal(move(shape, np.zeros((1, 6)), load_prior(), 0.2), shape)


def test_without_evidence_the_prior_stands():
    prior = load_prior()
    assert np.array_equal(BasisFit().solve(prior), prior)
    fit = BasisFit()
    talker = talk(np.full(30, 0.05))  # a still mouth says nothing about movement
    fit.add(talker.shapes, talker.descriptors)
    assert np.allclose(fit.solve(prior), prior, atol=1e-9)


def test_a_long_clip_outweighs_the_prior():
    """A speaker whose cheeks rise as the mouth opens, unlike the prior's."""
    prior = load_prior()
    talker = talk(*speechlike(3000))
    shapes = talker.shapes.copy()
    shapes[:, 50, 1] -= 0.5 * talker.descriptors[:, 0]
    learnt = _fit(shapes, talker.descriptors).solve(prior)
    few = _fit(shapes[:30], talker.descriptors[:30]).solve(prior)
    delta = talker.descriptors.max(axis=0) - talker.descriptors.min(axis=0)
    rise = lambda basis: np.tensordot(delta, basis - prior, axes=1)[50, 1]  # noqa: E731
    assert rise(learnt) == pytest.approx(-0.5 * delta[0], rel=0.15)
    assert abs(rise(few)) < 0.5 * abs(rise(learnt))


def test_streaming_in_blocks_is_the_same_as_at_once():
    talker = talk(*speechlike(200))
    whole, parts = _fit(talker.shapes, talker.descriptors), BasisFit()
    for start in range(0, 200, 37):
        parts.add(talker.shapes[start : start + 37], talker.descriptors[start : start + 37])
    assert np.allclose(whole.solve(load_prior()), parts.solve(load_prior()))


def _fit(shapes: np.ndarray, descriptors: np.ndarray) -> BasisFit:
    fit = BasisFit()
    fit.add(shapes, descriptors)
    return fit
