"""The network of all context models: one hidden layer, updated as bits become known.

    E ← k_t ⊙ E + U_t s               summaries of each position, s its 32 symbols of iteration t
    e = clip(E + c_t)
    a = b_t + W · e around            3×3, the latest known e of each position
    logits = O_t clip(a) + linear     eight bits at a time; then a ← a + V_t · these eight

`linear` has direct weights from single symbols to single bits: from the bits before it at the
position, from the same iteration's symbols at the four known neighbours, and from the position's
symbols in earlier iterations. The linear part gives most of the savings and is learnt in minutes;
the hidden layer adds the rest.

The bits of one iteration have little in common: each stands for its own direction in the block,
and directions differ between iterations. So all weights that multiply symbols are separate for each
iteration. Only W is shared, since summaries have the same meaning in all iterations.

Symbols are −1 and +1, and 0 outside the picture and where a position has stopped. Positions are
coded in raster order, and the bits of a position one after another [Larochelle & Murray 2011,
NADE].
"""

from abc import abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy.context_model import ContextModel

SUMMARY = 64
"""Depth of E."""
HIDDEN = 64
"""Units of the hidden layer."""
GROUP = 8
"""Number of bits after which the hidden layer is computed again."""
CLIP = 4.0
"""The largest value of e and of the hidden layer."""
LARGEST_SUMMARY = 8.0
"""The largest magnitude of E."""

Offset = tuple[int, int]
"""Offset of a neighbour: rows down, columns to the right."""
CAUSAL: tuple[Offset, ...] = ((-1, -1), (-1, 0), (-1, 1), (0, -1))
"""Neighbours that are already known in the same iteration."""
OTHERS: tuple[Offset, ...] = ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
"""The position itself and the neighbours that are known only from the iteration before."""
PAST = 4
"""Earlier iterations whose symbols the linear part may see."""


def clip(x: Tensor) -> Tensor:
    """Clamp to 0 … 4: a bounded rectifier, so that its values fit integers of a few bits.

    Example:
        >>> clip(torch.tensor([-1.0, 2.0, 5.0]))
        tensor([0., 2., 4.])
    """
    return x.clamp(0.0, CLIP)


def neighbours(x: Tensor, offsets: tuple[Offset, ...]) -> Tensor:
    """The neighbours of each position, zeros outside: (T, B, H, W, C) → (T, B, H, W, n·C)."""
    height, width = x.shape[2:4]
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    parts = [padded[:, :, 1 + y :, 1 + x :][:, :, :height, :width] for y, x in offsets]
    return torch.cat(parts, dim=-1)


def delayed(x: Tensor, iterations: int) -> Tensor:
    """x delayed by `iterations` iterations, zeros before the first; (T, …)."""
    return torch.cat([torch.zeros_like(x[:iterations]), x[:-iterations]])[: len(x)]


class BitPredictor(ContextModel):
    """The common part of context models; subclasses define what they may see.

    Attributes:
        window: the neighbours whose e the hidden layer sees.
        past: the number of earlier iterations whose symbols, at the position itself, the linear
            part sees.
    """

    window: ClassVar[tuple[Offset, ...]]
    past: ClassVar[int]

    def __init__(self, iterations: int) -> None:
        super().__init__(iterations)
        depth, seen = CODE_DEPTH, len(self.window) * SUMMARY
        self.to_summary = _random(iterations, depth, SUMMARY, deviation=0.15)
        """U"""
        self.summary_bias = nn.Parameter(torch.full((iterations, SUMMARY), 0.5))
        """c"""
        self.to_hidden = _random(seen, HIDDEN, deviation=seen**-0.5)
        """W"""
        self.hidden_bias = nn.Parameter(torch.full((iterations, HIDDEN), 0.2))
        """b"""
        self.bits_to_hidden = _random(iterations, depth - GROUP, HIDDEN, deviation=0.1)
        """V"""
        self.to_logits = _random(iterations, HIDDEN, depth, deviation=0.02)
        """O"""
        self.logit_bias = nn.Parameter(torch.zeros(iterations, depth))
        pairs = depth * (depth - 1) // 2
        self.of_bits = nn.Parameter(torch.zeros(iterations, pairs))
        """Linear weights of the bits before: to bit 1 from bit 0, to bit 2 from bits 0 and 1, …"""
        inputs = (len(CAUSAL) + self.past) * depth
        self.of_symbols = nn.Parameter(torch.zeros(iterations, inputs, depth))
        """Linear weights of the neighbours, in the order of `CAUSAL`, then of earlier iterations,
        the latest first."""

    @abstractmethod
    def kept_shares(self) -> Tensor:
        """k, 0 … 1: the share of itself that a summary keeps in each iteration, (T, 64)."""

    def forward(self, symbols: Tensor) -> Tensor:
        symbols = symbols.permute(0, 1, 3, 4, 2).contiguous()
        shape, count = symbols.shape, len(symbols)
        bits = symbols.reshape(count, -1, CODE_DEPTH)
        linear = torch.baddbmm(self.logit_bias[:count, None], bits, self.weights_of_bits()[:count])
        past = [delayed(symbols, k) for k in range(1, self.past + 1)]
        seen = torch.cat([neighbours(symbols, CAUSAL), *past], dim=-1).flatten(1, 3)
        linear = torch.baddbmm(linear, seen, self.of_symbols[:count])
        hidden = self._of_window(symbols) + self.hidden_bias[:count, None]
        logits = []
        to_hidden = [*self.bits_to_hidden[:count].split(GROUP, dim=1), None]
        to_logits = self.to_logits[:count].split(GROUP, dim=2)
        for group, ours, following in zip(bits.split(GROUP, 2), to_logits, to_hidden, strict=True):
            logits.append(torch.bmm(clip(hidden), ours))
            if following is not None:
                hidden = torch.baddbmm(hidden, group, following)
        return (linear + torch.cat(logits, dim=-1)).view(shape).permute(0, 1, 4, 2, 3)

    def weights_of_bits(self) -> Tensor:
        """`of_bits` as matrices (T, 32, 32), from the row's bit to the column's."""
        to, of = torch.tril_indices(CODE_DEPTH, CODE_DEPTH, -1, device=self.of_bits.device)
        square = self.of_bits.new_zeros(self.iterations, CODE_DEPTH, CODE_DEPTH)
        square[:, of, to] = self.of_bits
        return square

    def summaries(self, symbols: Tensor) -> Tensor:
        """E after each iteration, clamped to its bounds; (T, B, H, W, 32) → (T, B, H, W, 64)."""
        added = symbols @ self.to_summary[: len(symbols), None, None]
        summary, summaries = torch.zeros_like(added[0]), []
        for kept, new in zip(self.kept_shares(), added, strict=False):
            summary = torch.addcmul(new, summary, kept).clamp(-LARGEST_SUMMARY, LARGEST_SUMMARY)
            summaries.append(summary)
        return torch.stack(summaries)

    def _of_window(self, symbols: Tensor) -> Tensor:
        """W · e of the window, (T, N, 64).

        Computed by two convolutions of two rows, which avoids copying windows: one of the summaries
        in this iteration, above and on the left, and one of those in the iteration before.
        """
        bias = self.summary_bias[: len(symbols), None, None, None]
        shown = clip(self.summaries(symbols) + bias)
        taps = self.to_hidden.view(-1, SUMMARY, HIDDEN)
        known, others = taps.split([len(CAUSAL), len(taps) - len(CAUSAL)])
        hidden = _convolved(shown, F.pad(known, (0, 0, 0, 0, 0, 2)), above=1)
        if len(others):
            kernel = F.pad(others, (0, 0, 0, 0, 1, 0))
            hidden = hidden + _convolved(delayed(shown, 1), kernel, above=0)
        return hidden


def _convolved(x: Tensor, taps: Tensor, above: int) -> Tensor:
    """A convolution with a kernel of two rows and three columns, taps (6, in, out).

    `above` is 1 if the kernel's first row is above the position, 0 if its last row is below.

    (T, B, H, W, in) → (T, N, out)
    """
    kernel = taps.view(2, 3, *taps.shape[1:]).permute(3, 2, 0, 1)
    images = F.pad(x, (0, 0, 1, 1, above, 1 - above)).flatten(0, 1).permute(0, 3, 1, 2)
    return F.conv2d(images, kernel).permute(0, 2, 3, 1).reshape(len(x), -1, kernel.shape[0])


def _random(*shape: int, deviation: float) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape) * deviation)
