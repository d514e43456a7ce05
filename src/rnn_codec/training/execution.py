"""How the unroll is run: options that change the speed, not the result."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from rnn_codec.cells.cell import fuse
from rnn_codec.errors import UserError
from rnn_codec.layers.convolution import deferred_weight_gradients

M = TypeVar("M", bound=nn.Module)

LAYERS_AND_SIZES = 64
"""Shapes that a function may be compiled for: beyond its own 8 the compiler silently gives up."""


@dataclass(frozen=True)
class Execution:
    """Options of the unroll. Results agree up to rounding.

    Attributes:
        channels_last: lay images and weights out with the channels innermost.
        compile: compile one iteration with `torch.compile`.
        compile_gates: compile only what the cells do element by element: some seconds instead of a
            minute or two, and it goes together with deferred weight gradients.
        deferred_weight_gradients: compute each weight gradient once for all iterations.
    """

    channels_last: bool
    compile: bool
    compile_gates: bool
    deferred_weight_gradients: bool

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        for name in ("deferred_weight_gradients", "compile_gates"):
            if self.compile and getattr(self, name):
                raise UserError(
                    f"trainer.compile and trainer.{name} exclude each other: "
                    "set one of them to false"
                )

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of weights and images."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def lay_out_weights(self, module: M) -> M:
        """`module` itself, its weights in the layout."""
        # torch's own annotation of `to` does not know the argument.
        module.to(memory_format=self.memory_format)  # type: ignore[call-overload]
        return module

    def lay_out(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in the layout."""
        return images.contiguous(memory_format=self.memory_format)

    def unrolling(self, module: nn.Module) -> AbstractContextManager[None]:
        """What to enter around an unroll of `module`."""
        return (
            deferred_weight_gradients(module) if self.deferred_weight_gradients else nullcontext()
        )

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, compiled if that is wanted."""
        return torch.compile(function, dynamic=False) if self.compile else function

    def fuse_gates(self, module: nn.Module) -> None:
        """Compile the element-wise functions of all cells in `module`, if that is wanted."""
        if self.compile_gates:
            torch._dynamo.config.recompile_limit = LAYERS_AND_SIZES
            fuse(module, partial(torch.compile, dynamic=False))
