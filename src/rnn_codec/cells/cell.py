"""The protocol of the recurrent cells.

A cell maps an input and its state to an output and the next state. The caller keeps the state, so
the same module can process any number of images, in any order, without a reset.

         x ──► W: kernel × kernel, stride ──┐
                                            ├─► gates ──► output, new state
    state ──► U: hidden_kernel, stride 1 ───┘

One convolution per kernel computes all gates. The element-wise operations on them are in separate
functions, each of which can be compiled into one pass over the memory (`Execution.fuse_gates`),
while the convolutions stay as they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeAlias

from torch import Tensor, nn

from rnn_codec.registry import Registry

CellState: TypeAlias = tuple[Tensor, ...]
"""The state that a cell carries between iterations; each tensor is (B, depth, H/s, W/s)."""


class RecurrentCell(nn.Module, ABC):
    """One convolutional recurrent layer.

    Cells are built with the arguments of `CellFactory` and with their own options from the
    configuration.

    Shapes:
        x (B, in_channels, H, W) → output (B, channels, H/stride, W/stride)

    Attributes:
        elementwise: names of the attributes that hold the cell's element-wise functions.
    """

    elementwise: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        """Run one iteration from the state that the previous one returned.

        None stands for zeros, and saves the hidden convolution of the first iteration.
        """


def fuse(module: nn.Module, compiled: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace the element-wise functions of all layers in `module` with compiled ones.

    A layer, usually a cell, names these functions in its attribute `elementwise`.
    """
    for layer in module.modules():
        for name in getattr(layer, "elementwise", ()):
            setattr(layer, name, compiled(getattr(layer, name)))


class CellFactory(Protocol):
    """Builds a cell for one layer of the network."""

    def __call__(
        self, in_channels: int, channels: int, kernel: int, stride: int, hidden_kernel: int
    ) -> RecurrentCell:
        """Build a cell.

        Args:
            in_channels: depth of the input.
            channels: depth of the output.
            kernel: side of W, which convolves the input.
            stride: stride of W.
            hidden_kernel: side of U, which convolves the state.
        """


CELLS: Registry[type[RecurrentCell]] = Registry("cell", "rnn_codec.cells", deferred=True)
"""The cells by name; networks build them as their layers."""
