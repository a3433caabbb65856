from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.visemes.classes import COUNT, NAMES
from lipsync_ray.speech.visemes.sequence import PIECE, REACH, Sequence

A, P, S = NAMES.index("a"), NAMES.index("p"), NAMES.index("s")


def sequence(stay: float = 0.9) -> Sequence:
    """Sounds last ten frames; after an a comes an s, never a p."""
    transitions = np.full((COUNT, COUNT), (1 - stay) / (COUNT - 1))
    np.fill_diagonal(transitions, stay)
    transitions[A, S] += transitions[A, P] - 1e-6
    transitions[A, P] = 1e-6
    return Sequence(transitions=transitions.astype(np.float32), prior=np.full(COUNT, 1 / COUNT, np.float32))


def heard(*runs: tuple[dict[int, float], int]) -> np.ndarray:
    rows = np.concatenate([np.tile(_row(given), (count, 1)) for given, count in runs])
    return rows.astype(np.float32)


def _row(given: dict[int, float]) -> np.ndarray:
    row = np.full(COUNT, (1 - sum(given.values())) / (COUNT - len(given)))
    for index, share in given.items():
        row[index] = share
    return row


def test_rows_are_probabilities():
    given = np.random.default_rng(0).dirichlet(np.ones(COUNT), 333).astype(np.float32)
    found = sequence().applied(given)
    assert found.shape == given.shape
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found >= 0).all()


def test_a_doubt_is_settled_by_what_may_follow():
    doubtful = {S: 0.4, P: 0.4}
    found = sequence().applied(heard(({A: 0.95}, 12), (doubtful, 6), ({A: 0.95}, 12)))
    assert found[15, S] > 1.3 * found[15, P]


def test_a_flash_of_another_sound_is_doubted():
    given = heard(({A: 0.9}, 20), ({P: 0.6, A: 0.2}, 1), ({A: 0.9}, 20))
    assert sequence().applied(given)[20, P] < 0.45


def test_frequent_sounds_lose_their_advance():
    even = sequence()
    prior = np.full(COUNT, 0.5 / (COUNT - 1), np.float32)
    prior[S] = 0.5
    wary = Sequence(transitions=even.transitions, prior=prior)
    given = heard(({S: 0.5, A: 0.4}, 30))
    assert wary.applied(given)[15, A] > even.applied(given)[15, A]


def test_ranges_a_piece_apart_agree():
    given = np.random.default_rng(1).dirichlet(np.full(COUNT, 0.2), 6 * PIECE).astype(np.float32) + 1e-6
    whole, later = sequence().applied(given), sequence().applied(given[PIECE:])
    np.testing.assert_allclose(whole[PIECE + REACH :], later[REACH:], atol=1e-4)


def test_nothing_in_nothing_out():
    assert sequence().applied(np.empty((0, COUNT), np.float32)).shape == (0, COUNT)


def test_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="probabilities"):
        Sequence(transitions=np.ones((COUNT, COUNT), np.float32), prior=np.full(COUNT, 1 / COUNT, np.float32))
