"""The ideal code lengths of pictures, which training minimises, all planes of a scale at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.families.wavelet.layout import (
    COLOURS,
    GROUPS,
    PHASES,
    PREDICTIONS,
    SCALES,
    bands,
    channels,
)
from rnn_codec.families.wavelet.prior.arithmetic import Smooth
from rnn_codec.families.wavelet.prior.known import known
from rnn_codec.families.wavelet.prior.network import LOGIT_SCALE, Prior


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of a batch of B pictures of one size.

    Attributes:
        magnitudes: of each scale, int32 (B, N, h, w).
        signs: −1 or 1, of the same shapes.
        first: the first plane with a bit of luma, and of chroma, of each scale, −1 where all bits
            are zero; (SCALES, 2, B).
    """

    magnitudes: Sequence[Tensor]
    signs: Sequence[Tensor]
    first: Tensor

    @classmethod
    def of(cls, scaled: Sequence[Tensor]) -> "Coefficients":
        """Return those of a transform divided by the step, float32 (B, N, h, w) of each scale."""
        magnitudes = [x.abs().int() for x in scaled]
        largest = torch.stack(
            [
                torch.stack([m[:, channels(scale, colour)].flatten(1).amax(1) for colour in (0, 1)])
                for scale, m in enumerate(magnitudes)
            ]
        )
        # Exact for integers below 2²⁴: the exponent of m = f·2ᵉ, ½ ≤ f < 1, is the number of bits.
        first = torch.frexp(largest.float())[1] - 1
        return cls(magnitudes, [torch.where(x < 0, -1.0, 1.0) for x in scaled], first)


@dataclass(frozen=True)
class CodeLengths:
    """Code lengths in the order of the stream, from the first plane of any scale to a last one.

    Attributes:
        bits: ideal code lengths, (planes, SCALES, 2, B): zero where nothing is coded.
        planes: the planes of `bits`.
    """

    bits: Tensor
    planes: range


def code_lengths(
    prior: Prior, arithmetic: Smooth, coefficients: Coefficients, last_plane: int
) -> CodeLengths:
    """The code lengths of the planes down to `last_plane`."""
    planes = range(int(coefficients.first.max()), last_plane - 1, -1)
    batch = coefficients.first.shape[-1]
    total = coefficients.signs[0].new_zeros(max(len(planes), 0), SCALES, len(COLOURS), batch)
    found = [total[:, scale] for scale in range(SCALES)]
    handed: tuple[Tensor, ...] | None = None
    for scale in range(SCALES):
        of_scale = range(int(coefficients.first[scale].max()), last_plane - 1, -1)
        if not (count := len(of_scale)):
            handed = None
            continue
        stack = _Stack.of(coefficients, scale, of_scale)
        state = _handed_down(prior, handed, stack, scale)
        shift = prior.shift(scale)[list(of_scale)].repeat_interleave(batch, 0)
        view = known(prior.memory.before(stack.before), stack.signs)
        state = prior.scale(scale).state(arithmetic, view, shift, state)
        # Which planes luma and chroma of each picture have, (planes, 2, B).
        has = coefficients.first[scale] >= _column(of_scale, shift.device)
        # Where only chroma has a plane, its heads see nothing of luma.
        has_luma = has[:, 0].reshape(-1, 1, 1, 1)
        bits = _bits(prior, arithmetic, scale, state[0], stack, has_luma).unflatten(
            1, (count, batch)
        )
        found[scale] = F.pad(bits, (0, 0, len(planes) - count, 0)).movedim(0, 1)
        if scale + 1 < SCALES:
            view = known(prior.memory.after(stack.after), stack.signs)
            told = prior.scale(scale).told(arithmetic, state[0], view)
            # A picture of the batch hands nothing down in planes that it does not have.
            there = has.any(1).reshape(-1, 1, 1, 1)
            handed = tuple(x * there for x in (told, *state[1:]))
    bits = torch.stack(found, 1)
    coded = coefficients.first >= _column(planes, bits.device).unsqueeze(-1)
    return CodeLengths(bits * coded, planes)


def _column(planes: range, device: torch.device) -> Tensor:
    """The planes along the first of three dimensions."""
    return torch.tensor(list(planes), device=device)[:, None, None]


@dataclass(frozen=True)
class _Stack:
    """All planes of a scale along the batch, (planes·B, N, h, w)."""

    after: Tensor
    before: Tensor
    bit: Tensor
    significant: Tensor
    signs: Tensor

    @classmethod
    def of(cls, coefficients: Coefficients, scale: int, planes: range) -> "_Stack":
        after = torch.cat([coefficients.magnitudes[scale] >> plane for plane in planes])
        before = after >> 1
        signs = coefficients.signs[scale].repeat(len(planes), 1, 1, 1)
        return cls(after, before, (after & 1).float(), before > 0, signs)


def _handed_down(
    prior: Prior, handed: tuple[Tensor, ...] | None, stack: _Stack, scale: int
) -> tuple[Tensor, ...]:
    """The state with which a scale begins, zero for planes that the coarser one does not have.

    Both scales end with the same plane.
    """
    count, _, height, width = stack.bit.shape
    if handed is None:
        return (stack.bit.new_zeros(count, prior.depth, height, width),) * prior.states
    found = []
    for told in handed:
        # A scale may have fewer planes than the coarser one, or more.
        shared = told[max(0, len(told) - count) :]
        state = F.pad(shared, (0, 0, 0, 0, 0, 0, count - len(shared), 0))
        if scale > 1:
            doubled = state.repeat_interleave(2, 2).repeat_interleave(2, 3)
            state = doubled[:, :, :height, :width]
        found.append(state.contiguous(memory_format=torch.channels_last))
    return tuple(found)


def _bits(
    prior: Prior,
    arithmetic: Smooth,
    scale: int,
    state: Tensor,
    stack: _Stack,
    has_luma: Tensor,
) -> Tensor:
    """Code lengths of luma and chroma, (2, planes·B); `has_luma`: which of the planes have luma."""
    new = stack.bit * ~stack.significant
    told = torch.stack([stack.bit - 0.5, new * stack.signs], 1)
    luma = told[:, :, : bands(scale)].flatten(1, 2) * has_luma
    chroma = told[:, :, bands(scale) :].flatten(1, 2)
    seen = [
        x.contiguous(memory_format=torch.channels_last)
        for x in (luma, torch.cat([luma, chroma], 1))
    ]
    nats = [luma.new_zeros(len(luma)), luma.new_zeros(len(luma))]
    for group in GROUPS:
        row, column = PHASES[group.phase]
        at = (..., slice(row, None, 2), slice(column, None, 2))
        logits = LOGIT_SCALE * prior.scale(scale).head(
            arithmetic, group, state[at], seen[group.colour]
        )
        significance, refinement, sign = logits.chunk(PREDICTIONS, 1)
        own = channels(scale, group.colour)
        bit, known_before, signs, first = (
            x[:, own][at] for x in (stack.bit, stack.significant, stack.signs, new)
        )
        chosen = torch.where(known_before, refinement, significance)
        lengths = F.binary_cross_entropy_with_logits(chosen, bit, reduction="none")
        lengths = lengths + first * F.softplus(-signs * sign)
        nats[group.colour] = nats[group.colour] + lengths.flatten(1).sum(1)
    return torch.stack(nats) / math.log(2)
