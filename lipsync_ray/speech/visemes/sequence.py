"""Which sounds follow which: what the network hears at one moment, weighed by what comes before and after.

The network judges every frame on its own and, on voices unlike those it was trained on, retreats to the
sounds that are frequent everywhere. A hidden Markov model over the 32 classes undoes that: the probabilities
are divided by how frequent a class is (what remains is how well it explains the sound; Bourlard and Morgan,
1994) and passed through the usual order and duration of sounds, forwards and backwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.visemes.classes import COUNT

# Neighbouring frames tell nearly the same, so that each counts for less than one observation.
SCALE = 0.4
# Share of the result; the rest stays the network's own, which is safer in noise.
SHARE = 0.5
PIECE, REACH = 100, 40  # frames computed side by side, and what is looked at before and after each


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """How classes follow each other from one frame of 10 ms to the next."""

    transitions: np.ndarray  # float32[32, 32], rows sum to 1: from, to
    prior: np.ndarray  # float32[32], share of each class in the material the network was trained on

    def __post_init__(self) -> None:
        if self.transitions.shape != (COUNT, COUNT) or self.prior.shape != (COUNT,):
            raise ValueError(f"a sequence model needs {COUNT} classes: {self.transitions.shape}")
        if not (self.prior > 0).all() or not np.allclose(self.transitions.sum(axis=1), 1.0, atol=1e-2):
            raise ValueError("a sequence model needs probabilities")

    def applied(self, posteriors: np.ndarray) -> np.ndarray:
        """The network's ``float32[n, 32]``, half of it weighed by its neighbourhood; rows sum to 1.

        Row 0 is the first of a piece: ranges that begin a whole number of ``PIECE`` frames apart and hold
        ``REACH`` frames more than is used give the same rows.
        """
        if not len(posteriors):
            return posteriors
        evidence = (posteriors / self.prior) ** SCALE
        evidence /= evidence.max(axis=1, keepdims=True)
        weighed = self._weighed(_pieces(evidence.astype(np.float32)))
        return (1 - SHARE) * posteriors + SHARE * weighed.reshape(-1, COUNT)[: len(posteriors)]

    def _weighed(self, pieces: np.ndarray) -> np.ndarray:
        """Forward and backward probabilities (Rabiner, 1989) of ``[steps, pieces, 32]``, margins cut off."""
        forward = np.empty_like(pieces)
        state = np.broadcast_to(self.prior, pieces.shape[1:])
        for step, evidence in enumerate(pieces):
            state = (state @ self.transitions if step else state) * evidence
            state /= state.sum(axis=1, keepdims=True)
            forward[step] = state
        back = np.ones_like(state)
        for step in range(len(pieces) - 2, -1, -1):
            back = (pieces[step + 1] * back) @ self.transitions.T
            back /= back.sum(axis=1, keepdims=True)
            forward[step] *= back
        kept = forward[REACH : REACH + PIECE].transpose(1, 0, 2)
        return kept / kept.sum(axis=2, keepdims=True)


def _pieces(evidence: np.ndarray) -> np.ndarray:
    """Overlapping pieces side by side, ``[PIECE + 2 REACH, pieces, 32]``; outside, nothing is known."""
    count = -(-len(evidence) // PIECE)
    padded = np.ones((count * PIECE + 2 * REACH, COUNT), np.float32)
    padded[REACH : REACH + len(evidence)] = evidence
    rows = np.arange(PIECE + 2 * REACH)[:, None] + PIECE * np.arange(count)
    return padded[rows]
