"""The protocol of the cells that carry a state from the coarsest scale of a picture to the finest.

They are those of `rnn_codec.cells`, with 1×1 kernels and in the arithmetic of bytes: gates are
linear between 0 and 1, and saturation replaces the hyperbolic tangent.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, TypeVar

from torch import nn

from rnn_codec.families.wavelet.prior.arithmetic import Arithmetic
from rnn_codec.registry import Registry

T = TypeVar("T")


class ScaleCell(nn.Module, ABC):
    """A recurrent layer whose input and output have the same depth, for pictures of any size.

    Attributes:
        states: how many tensors its state has, each of the output's depth. The first is the message
            of the coarser scale, made from its output; the others are handed down unchanged.
    """

    states: ClassVar[int] = 1

    @abstractmethod
    def forward(self, a: Arithmetic[T], x: T, state: tuple[T, ...]) -> tuple[T, ...]:
        """The next state, whose first tensor is the output; `x` is rectified, all else signed."""


SCALE_CELLS: Registry[type[ScaleCell]] = Registry(
    "cell of the wavelet prior", "rnn_codec.families.wavelet.prior.cells", deferred=True
)
"""Cells are built with the depth and their own options."""
