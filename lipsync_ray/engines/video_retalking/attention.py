"""The attention by which L-Net's masked face looks at the reference face."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

HEADS, WIDTH = 4, 64


class CrossAttention(nn.Module):
    """Queries and keys are of the face itself, values of the reference."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = HEADS * WIDTH
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, inner, bias=False) for _ in range(3))
        self.to_out = nn.Sequential(nn.Linear(inner, channels))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """``[B,T,C]`` both."""
        q, k, v = (_by_heads(part) for part in (self.to_q(x), self.to_k(x), self.to_v(y)))
        return self.to_out(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def _by_heads(tokens: Tensor) -> Tensor:
    return tokens.unflatten(2, (HEADS, WIDTH)).transpose(1, 2)


class AttentionStep(nn.Module):
    """Attention on normalised tokens; keys as in the published file."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.normx, self.normy = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.fn = CrossAttention(channels)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """``[B,T,C]`` both."""
        return self.fn(self.normx(x), self.normy(y))


class Gelu(nn.Module):
    """GELU by its tanh approximation."""

    def forward(self, x: Tensor) -> Tensor:
        """Elementwise."""
        return gelu(x, approximate="tanh")


class FeedForward(nn.Module):
    """Two linear layers on normalised tokens."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        # The published keys count a dropout between activation and second layer.
        layers = [nn.Linear(channels, inner), Gelu(), nn.Identity(), nn.Linear(inner, channels)]
        self.fn = nn.ModuleDict({"net": nn.Sequential(*layers)})

    def forward(self, x: Tensor) -> Tensor:
        """``[B,T,C]`` to the same."""
        return self.fn["net"](self.norm(x))


class CrossTransformer(nn.Module):
    """Two layers; the reference's tokens stay as they are."""

    def __init__(self, channels: int, inner: int = 256, depth: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([AttentionStep(channels), FeedForward(channels, inner)]) for _ in range(depth)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Pictures ``[B,C,h,w]``; their pixels, row by row, are the tokens."""
        shape = x.shape
        x, y = (part.flatten(2).transpose(1, 2) for part in (x, y))
        for layer in self.layers:
            attention, forward = layer  # type: ignore[misc]  # a ModuleList of two
            x = attention(x, y) + x
            x = forward(x) + x
        return x.transpose(1, 2).reshape(shape)
