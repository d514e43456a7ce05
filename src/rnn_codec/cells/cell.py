"""The protocol of the recurrent cells.

A cell maps an input and its state to an output and the next state. The state is a value that the
caller keeps: the same module can run any number of images, forward or again, without a reset.

         x ──► W: kernel × kernel, stride ──┐
                                            ├─► gates ──► output, new state
    state ──► U: hidden_kernel, stride 1 ───┘

All gates that a kernel feeds come out of one convolution.
"""

from abc import ABC, abstractmethod
from typing import Protocol, TypeAlias

from torch import Tensor, nn

CellState: TypeAlias = tuple[Tensor, ...]
"""What a cell carries from one iteration to the next; each tensor is (B, depth, H/s, W/s)."""


class RecurrentCell(nn.Module, ABC):
    """One convolutional recurrent layer.

    Shapes:
        x (B, in_channels, H, W) → output (B, channels, H/stride, W/stride)
    """

    @abstractmethod
    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        """Run one iteration.

        Args:
            x: the layer's input in this iteration.
            state: what this method returned in the iteration before; None stands for zeros, and
                spares the hidden convolution of the first iteration.
        """


class CellFactory(Protocol):
    """Builds a cell for one layer of the network."""

    def __call__(
        self, in_channels: int, channels: int, kernel: int, stride: int, hidden_kernel: int
    ) -> RecurrentCell:
        """Build a cell of `channels` outputs; the stride is on the input convolution alone."""
