"""The protocol of the cells that carry a state from the coarsest scale of a picture to the finest.

They are those of `rnn_codec.cells`, with kernels of one pixel and in the arithmetic of bytes: gates
are straight lines between 0 and 1, and what a hyperbolic tangent bounds there saturates here.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, TypeVar

from torch import nn

from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic
from rnn_codec.registry import Registry

T = TypeVar("T")


class ScaleCell(nn.Module, ABC):
    """A recurrent layer with an input and an output of the same depth, whatever the size.

    Attributes:
        states: how many tensors its state has, each as deep as the output. The first is what the
            scale before says, after its output; the others come from there as they are.
    """

    states: ClassVar[int] = 1

    @abstractmethod
    def forward(self, a: Arithmetic[T], x: T, state: tuple[T, ...]) -> tuple[T, ...]:
        """The next state, of which the first is the output; `x` is rectified, all else signed."""


SCALE_CELLS: Registry[type[ScaleCell]] = Registry(
    "cell of the wavelet prior", "rnn_codec.families.wavelet.prior.cells", deferred=True
)
"""Built with the depth, and options of their own."""
