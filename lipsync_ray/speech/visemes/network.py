"""The trained network in plain numpy: normalised bands in, probabilities of 32 classes of sounds out.

A residual network of dilated convolutions over time that sees 200 ms to each side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.features import BANDS

BLOCK = 1000  # frames: 10 s, small enough to stay in a processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A convolution over time as a product: ``y[t] = sum_k x[t + offsets[k]] @ weight[k] + bias``."""

    weight: np.ndarray  # float32[taps * inputs, outputs]
    bias: np.ndarray  # float32[outputs]
    offsets: tuple[int, ...] = (0,)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """``float32[n, inputs]`` to ``float32[n, outputs]``; before and after the rows there are zeros."""
        if len(self.offsets) > 1:
            rows = np.concatenate([_shifted(rows, offset) for offset in self.offsets], axis=1)
        out = rows @ self.weight
        out += self.bias
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class VisemeNet:
    """One network. Its arrays are ``float32``."""

    stem: Layer
    blocks: tuple[tuple[Layer, Layer], ...]  # dilated convolution and mix of channels
    scale: np.ndarray  # [H]
    shift: np.ndarray  # [H]
    head: Layer

    @property
    def width(self) -> int:
        """Units of the last hidden layer."""
        return len(self.scale)

    @property
    def reach(self) -> int:
        """Frames to each side that a frame's answer depends on."""
        return max(self.stem.offsets) + sum(max(conv.offsets) for conv, _ in self.blocks)

    def hidden(self, features: np.ndarray, block: int = BLOCK) -> np.ndarray:
        """Last hidden layer ``float32[n, H]`` of ``features.normalised``'s ``float32[n, 48]``.

        Computed in blocks of frames, each with as many neighbours as count; their size does not matter.
        """
        if features.ndim != 2 or features.shape[1] != BANDS:
            raise ValueError(f"expected {BANDS} bands per frame, got {features.shape}")
        features = features.astype(np.float32, copy=False)
        out = np.empty((len(features), self.width), np.float32)
        for start in range(0, len(features), block):
            stop = min(start + block, len(features))
            first = max(0, start - self.reach)
            out[start:stop] = self._hidden(features[first : stop + self.reach])[start - first : stop - first]
        return out

    def _hidden(self, features: np.ndarray) -> np.ndarray:
        rows = self.stem(features)
        for conv, mix in self.blocks:
            rows += mix(gelu(conv(rows)))
        return gelu(rows * self.scale + self.shift)

    def posteriors(self, hidden: np.ndarray) -> np.ndarray:
        """Probability of each class, ``float32[n, 32]``; rows sum to 1."""
        logits = self.head(hidden)
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits, out=logits)
        powers /= powers.sum(axis=1, keepdims=True)
        return powers


def gelu(values: np.ndarray) -> np.ndarray:
    """Gaussian error linear unit in the approximation by tanh (Hendrycks and Gimpel, 2016)."""
    inner = values * values
    inner *= 0.044715
    inner += 1.0
    inner *= values
    inner *= np.float32(np.sqrt(2.0 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1.0
    inner *= values
    inner *= 0.5
    return inner


def _shifted(rows: np.ndarray, offset: int) -> np.ndarray:
    """``rows[t + offset]`` at ``t``, 0 where there is none."""
    out = np.zeros_like(rows)
    if abs(offset) < len(rows):
        source = rows[max(0, offset) : len(rows) + min(0, offset)]
        out[max(0, -offset) : max(0, -offset) + len(source)] = source
    return out
