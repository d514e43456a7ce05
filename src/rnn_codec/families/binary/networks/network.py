"""The base classes of encoders and decoders of every design.

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
"""The state that a network carries from one iteration to the next.

The states of its recurrent layers, first to last, None before the first iteration; or a design's
own named tuple, if it needs more than these.
"""


class Steps(NamedTuple):
    """The decoder's forecast of what each bit of the next iteration will add to a block."""

    directions: Tensor
    """A column for each bit, (values of a block, 32)."""
    sizes: Tensor | None
    """Step sizes of the bits at each position, (B, 32, H/16, W/16); None for 1 everywhere."""


class Network(nn.Module, ABC):
    """An encoder or a decoder."""

    cells: nn.ModuleList
    """The recurrent layers, first to last."""
    iterations: int = PAPER_ITERATIONS
    """The most iterations that a code can have.

    The paper's number, or the number for which a design has weights.
    """

    def initial_state(self) -> NetworkState:
        """The state before the first iteration."""
        return (None,) * len(self.cells)

    def start_from(self, stages: Stages) -> None:
        """Initialise the weights from the statistics of photographs, before a training.

        Does nothing in most designs, which start from random weights.
        """


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
        """Run one iteration on the residual, as the reconstruction framework presents it.

        `steps` is the result of the decoder's `next_steps`.
        """


class DecoderNetwork(Network):
    """D_t: one iteration of a decoder.

    Shapes:
        (B, 32, H/16, W/16) → (B, 3, H, W)
    """

    def initial_signal(self, zeros: Tensor) -> Tensor:
        """x̂_0, the signal before the first bits, with the shape of `zeros`, (B, 3, H, W)."""
        return zeros

    def stages_of(self, blocks: Tensor) -> Stages | None:
        """The stages from which encoder and decoder start; None if a design starts at random.

        `blocks` are blocks of photographs, signals −1 … 1, (N, 768): row, column, colour.
        """
        return None

    def next_steps(self, state: NetworkState) -> Steps | None:
        """What the next bits will add, for an encoder of the same design that needs to know."""
        return None

    @abstractmethod
    def forward(self, x: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        """Run one iteration."""


FREE_PARTS: Registry[type[nn.Module]] = Registry(
    "free part", "rnn_codec.families.binary.networks", deferred=True
)
"""Parts of decoders that are not linear in the bits."""
ENCODERS: Registry[type[EncoderNetwork]] = Registry(
    "encoder", "rnn_codec.families.binary.networks", {"cell": CELLS}
)
DECODERS: Registry[type[DecoderNetwork]] = Registry(
    "decoder", "rnn_codec.families.binary.networks", {"cell": CELLS, "free_part": FREE_PARTS}
)


def scaled(channels: int, width: float) -> int:
    """The depth of a layer of `channels` at a width multiplier.

    Raises InvalidOptionError if that is not a positive multiple of 4, the channels of a 2×2 block.

    Example:
        >>> scaled(256, 0.125)
        32
    """
    result = channels * width
    if result < 4 or result % 4:
        raise InvalidOptionError(
            f"network.width={width} gives a layer of {channels} channels a depth of {result:g}; "
            "choose a multiple of 1/16"
        )
    return int(result)


def depth_to_space(x: Tensor) -> Tensor:
    """Turn every four channels into 2×2 pixels of one, keeping the memory layout; (B, 4C, H, W).

    PyTorch's own function does not keep channels innermost on a GPU: every convolution after it
    would first convert the layout back, forward and backward.

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
