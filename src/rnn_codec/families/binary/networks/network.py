"""What encoders and decoders of every design have in common.

    (B, 3, H, W) ─► encoder ─► bits (B, 32, H/16, W/16) ─► decoder ─► (B, 3, H, W)

Both carry the states of their recurrent layers from one iteration to the next.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, TypeAlias

import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.cells.cell import CELLS
from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import PAPER_ITERATIONS
from rnn_codec.families.binary.networks.stages import Stages
from rnn_codec.layers.binarizer import Binarizer, GroupBinarizer
from rnn_codec.registry import Registry

NetworkState: TypeAlias = tuple[Any, ...]
"""What a network carries from one iteration to the next: the states of its recurrent layers, first
to last, None before the first iteration; or a design's own named tuple, with what it has beside."""


class Steps(NamedTuple):
    """What each bit of the next iteration will add to a block, as far as is known before it."""

    directions: Tensor
    """For each bit, a column, (values of a block, 32)."""
    sizes: Tensor | None
    """By how much at each position, (B, 32, H/16, W/16); None for one everywhere."""


class Network(nn.Module, ABC):
    """An encoder or a decoder."""

    cells: nn.ModuleList
    """The recurrent layers, first to last."""
    iterations: int = PAPER_ITERATIONS
    """The most that a code can have: the paper's, or as many as a design has weights for."""

    def initial_state(self) -> NetworkState:
        """The state before the first iteration."""
        return (None,) * len(self.cells)

    def start_from(self, stages: Stages) -> None:
        """Begin a training with what photographs look like. Most designs begin at random."""


class EncoderNetwork(Network):
    """E_t and B: one iteration of an encoder, binarizer included.

    Shapes:
        (B, 3, H, W) → (B, 32, H/16, W/16), values −1 and +1; H and W multiples of 16
    """

    binarizer: Binarizer | GroupBinarizer

    @abstractmethod
    def forward(
        self, x: Tensor, state: NetworkState, steps: Steps | None
    ) -> tuple[Tensor, NetworkState]:
        """Run one iteration on what the framework shows of the residual.

        `steps` are what the decoder says of the bits to come, if it does.
        """


class DecoderNetwork(Network):
    """D_t: one iteration of a decoder.

    Shapes:
        (B, 32, H/16, W/16) → (B, 3, H, W)
    """

    def initial_signal(self, zeros: Tensor) -> Tensor:
        """x̂_0, what there is before the first bits, like `zeros`, (B, 3, H, W)."""
        return zeros

    def stages_of(self, blocks: Tensor) -> Stages | None:
        """What encoder and decoder of this design begin with; None for those that begin at random.

        Blocks are those of photographs, signals −1 … 1, (N, 768): row, column, colour.
        """
        return None

    def next_steps(self, state: NetworkState) -> Steps | None:
        """What the next bits will add, for an encoder of the same design that asks."""
        return None

    @abstractmethod
    def forward(self, x: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        """Run one iteration."""


FREE_PARTS: Registry[type[nn.Module]] = Registry(
    "free part", "rnn_codec.families.binary.networks", deferred=True
)
"""Of decoders: what is not linear in the bits."""
ENCODERS: Registry[type[EncoderNetwork]] = Registry(
    "encoder", "rnn_codec.families.binary.networks", {"cell": CELLS}
)
DECODERS: Registry[type[DecoderNetwork]] = Registry(
    "decoder", "rnn_codec.families.binary.networks", {"cell": CELLS, "free_part": FREE_PARTS}
)


def scaled(channels: int, width: float) -> int:
    """A layer's depth at a width multiplier; refuses widths that leave no whole 2×2 block.

    Example:
        >>> scaled(256, 0.125)
        32
    """
    result = channels * width
    if result < 4 or result % 4:
        raise InvalidOptionError(
            f"network.width={width} makes a layer of {channels} channels {result:g} deep; "
            "choose a multiple of 1/16"
        )
    return int(result)


def depth_to_space(x: Tensor) -> Tensor:
    """Four channels become 2×2 pixels of one; the layout in memory stays; (B, 4C, H, W).

    PyTorch's own does not keep channels innermost on a GPU: every convolution after it would first
    put them back, forward and backward.

    Example:
        >>> import torch
        >>> depth_to_space(torch.arange(4.0).view(1, 4, 1, 1))
        tensor([[[[0., 1.],
                  [2., 3.]]]])
    """
    if x.is_contiguous():
        return F.pixel_shuffle(x, 2)
    batch, channels, height, width = x.shape
    blocks = x.permute(0, 2, 3, 1).reshape(batch, height, width, channels // 4, 2, 2)
    rows = blocks.permute(0, 1, 4, 2, 5, 3).reshape(batch, 2 * height, 2 * width, channels // 4)
    return rows.permute(0, 3, 1, 2)
