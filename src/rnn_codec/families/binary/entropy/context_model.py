"""The protocol of context models: networks that predict the bits of all iterations."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import FORMAT_ITERATIONS
from rnn_codec.families.binary.entropy.coder import EntropyCoder
from rnn_codec.registry import Registry


class ContextModel(nn.Module, ABC):
    """Predicts each bit from those coded before it, in earlier iterations, positions and bits.

    Shapes:
        symbols (T, B, 32, H, W): −1 or +1, or 0 where a position has stopped; T up to `iterations`
        → logits of a +1 (T, B, 32, H, W)

    Args:
        iterations: the most iterations of the codec's codes.

    Raises:
        InvalidOptionError: the number of iterations is invalid.
    """

    identifier: ClassVar[int]
    """The model's number in the header of a file, 1 … 7; better models have larger numbers."""

    def __init__(self, iterations: int) -> None:
        super().__init__()
        if not 1 <= iterations <= FORMAT_ITERATIONS:
            raise InvalidOptionError(
                f"entropy.model.iterations must be 1 … {FORMAT_ITERATIONS}, not {iterations}"
            )
        self.iterations = iterations

    @abstractmethod
    def forward(self, symbols: Tensor) -> Tensor:
        """The logits of all bits."""

    @abstractmethod
    def quantise(self) -> EntropyCoder:
        """An entropy coder that uses this model in integers."""


def code_lengths(logits: Tensor, symbols: Tensor) -> Tensor:
    """The ideal code length of each iteration in bits, (T,); stopped positions cost nothing.

    Example:
        >>> code_lengths(torch.zeros(1, 1, 32, 2, 2), torch.ones(1, 1, 32, 2, 2))
        tensor([128.])
    """
    nats = F.softplus(-logits * symbols) * symbols.abs()
    return nats.flatten(1).sum(dim=1) / math.log(2)


def bits_per_bit(logits: Tensor, symbols: Tensor) -> Tensor:
    """The ideal code length of each iteration in bits per bit of the code, (T,).

    It is 1 for an iteration without bits.

    Example:
        >>> bits_per_bit(torch.zeros(1, 1, 32, 2, 2), torch.ones(1, 1, 32, 2, 2))
        tensor([1.])
    """
    lengths, bits = code_lengths(logits, symbols), symbols.abs().flatten(1).sum(dim=1)
    return torch.where(bits > 0, lengths / bits.clamp(min=1), 1.0)


CONTEXT_MODELS: Registry[type[ContextModel]] = Registry(
    "context model", "rnn_codec.families.binary.entropy"
)
