"""The protocol of the recurrent cells.

A cell maps an input and its state to an output and the next state. The state is a value that the
caller keeps: the same module can run any number of images, forward or again, without a reset.

         x ──► W: kernel × kernel, stride ──┐
                                            ├─► gates ──► output, new state
    state ──► U: hidden_kernel, stride 1 ───┘

All gates that a kernel feeds come out of one convolution. What is done with them, element by
element, stands in functions of their own: they can be compiled into one pass over the memory each
(`Execution.fuse_gates`), while the convolutions stay as they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeAlias

from torch import Tensor, nn

from rnn_codec.registry import Registry

CellState: TypeAlias = tuple[Tensor, ...]
"""What a cell carries from one iteration to the next; each tensor is (B, depth, H/s, W/s)."""


class RecurrentCell(nn.Module, ABC):
    """One convolutional recurrent layer.

    Cells are built with the arguments of `CellFactory`, and options of their own, which
    configurations hold.

    Shapes:
        x (B, in_channels, H, W) → output (B, channels, H/stride, W/stride)

    Attributes:
        elementwise: names of the attributes that hold its functions without convolutions.
    """

    elementwise: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def forward(self, x: Tensor, state: CellState | None) -> tuple[Tensor, CellState]:
        """Run one iteration, from the state that the one before it returned.

        None stands for zeros, and spares the hidden convolution of the first iteration.
        """


def fuse(module: nn.Module, compiled: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put compiled functions in place of the element-wise ones of all layers in `module`.

    They are those that a layer, a cell above all, names in its attribute `elementwise`.
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
            stride: of W.
            hidden_kernel: side of U, which convolves the state.
        """


CELLS: Registry[type[RecurrentCell]] = Registry("cell", "rnn_codec.cells", deferred=True)
"""Built by the networks that they are layers of."""
