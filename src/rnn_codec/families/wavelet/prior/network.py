"""The prior: probabilities of the bits of a plane, from the coarsest scale to the finest.

    known state ──► see 3×3 ──► cell ──► state ──► heads ──► significance, next bit, sign
                                 ▲         │         ▲
      the coarser scale, doubled ┘         │         coded in this plane: 3×3 around a phase
                                           ▼
            known state after this plane ──► message 3×3 ──► the finer scale

The details of all levels share their weights: the network is recurrent from scale to scale. LL has
its own weights. A bias for each plane of each scale distinguishes planes.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from rnn_codec.families.wavelet import known
from rnn_codec.families.wavelet.layout import (
    COLOURS,
    COMPONENTS,
    GROUPS,
    PHASES,
    PLANES,
    PREDICTIONS,
    SCALES,
    Group,
    bands,
    told_before,
)
from rnn_codec.families.wavelet.memory.protocol import MEMORIES
from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic, Convolution
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS

T = TypeVar("T")

LOGIT_SCALE = 4
"""The factor from a signed number to a logit."""
SELDOM = -0.5
"""The initial bias of significance: odds of e⁻² to one."""


class Context(Convolution):
    """A 3×3 convolution over what is coded in this plane, around the positions of a group.

    Inputs are bits and then signs of luma and, for a group of chroma, also of chroma. All luma is
    coded before chroma; of a group's own colour, only earlier phases are seen. The weights of the
    others are zero, so their inputs do not matter.
    """

    stride = 2

    def __init__(self, scale_bands: int, outputs: int, group: Group) -> None:
        luma = 2 * scale_bands
        inputs = luma * COMPONENTS if group.colour else luma
        super().__init__(inputs, outputs, 3)
        row, column = PHASES[group.phase]
        self.pads = (1 - column, 1, 1 - row, 1)
        mask = torch.ones(1, inputs, 3, 3)
        mask[:, luma if group.colour else 0 :] = torch.tensor(told_before(group.phase)).float()
        self.mask: Tensor
        self.register_buffer("mask", mask, persistent=False)

    @property
    def factors(self) -> Tensor:
        return super().factors * self.mask


class ScalePrior(nn.Module):
    """The prior of one scale, or of several that share it.

    Args:
        scale_bands: the number of bands of each component.
        scales: how many share it.
        depth: of the state.
        context: depth of the heads.
        cell: description of the cell.
    """

    def __init__(
        self, scale_bands: int, scales: int, depth: int, context: int, cell: Mapping[str, Any]
    ) -> None:
        super().__init__()
        seen = known.KINDS * COMPONENTS * scale_bands
        self.see = Convolution(seen, depth, 3)
        self.planes = nn.Parameter(torch.zeros(scales, PLANES, depth))
        self.cell = SCALE_CELLS.build(cell)(depth)
        self.message = Convolution(depth + seen, depth, 3)
        contexts = [Context(scale_bands, context, group) for group in GROUPS]
        hidden = [Convolution(context + depth, context, 1) for _ in COLOURS]
        logits = [
            Convolution(context, PREDICTIONS * scale_bands * count, 1, rectified=context)
            for count in (1, COMPONENTS - 1)
        ]
        for layer in logits:
            nn.init.normal_(layer.weight, std=0.0125)
            with torch.no_grad():
                layer.bias[: len(layer.bias) // PREDICTIONS] = SELDOM
        # Module lists register their layers; casts give them the type of their elements.
        self.contexts = cast(list[Context], nn.ModuleList(contexts))
        self.hidden = cast(list[Convolution], nn.ModuleList(hidden))
        self.logits = cast(list[Convolution], nn.ModuleList(logits))

    def state(
        self, a: Arithmetic[T], what_is_known: T, shift: T, before: tuple[T, ...]
    ) -> tuple[T, ...]:
        """The tensors of the cell's state, the first of which is for the heads.

        Args:
            what_is_known: the known state of the scale, (B, 3N, h, w).
            shift: the bias of the plane, (B, depth).
            before: the state that the coarser scale handed down, of this scale's size.
        """
        return self.cell(a, a.rectified(self.see, what_is_known, shift), before)

    def told(self, a: Arithmetic[T], state: T, what_is_known: T) -> T:
        """The message to the finer scale, of this scale's size; `what_is_known` has this plane."""
        return a.signed(self.message, a.joined([state, what_is_known]))

    def head(self, a: Arithmetic[T], group: Group, state: T, told: T) -> T:
        """A quarter of the logits of a group: significance, next bit, sign, (B, 3n, h/2, w/2).

        Args:
            state: at the group's positions.
            told: what is coded of the plane, at all positions, see `Context`.
        """
        around = a.signed(self.contexts[GROUPS.index(group)], told)
        hidden = a.rectified(self.hidden[group.colour], a.joined([around, state]))
        return a.signed(self.logits[group.colour], hidden)


class Prior(nn.Module):
    """The prior of all scales.

    Args:
        depth, context: see `ScalePrior`.
        cell: description of the cell.
        memory: description of the memory, which selects what is seen of earlier planes.
    """

    def __init__(
        self, depth: int, context: int, cell: Mapping[str, Any], memory: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self.depth = depth
        self.memory = MEMORIES.build(memory)
        self.low = ScalePrior(bands(0), 1, depth, context, cell)
        self.details = ScalePrior(bands(1), SCALES - 1, depth, context, cell)

    @property
    def states(self) -> int:
        """Tensors of a state."""
        return self.low.cell.states

    def scale(self, scale: int) -> ScalePrior:
        return self.details if scale else self.low

    def shift(self, scale: int) -> Tensor:
        """The biases of all planes of a scale, (PLANES, depth)."""
        return self.scale(scale).planes[max(scale - 1, 0)]
