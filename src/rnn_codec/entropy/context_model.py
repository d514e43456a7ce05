"""What a context model is: a network that predicts the bits of all iterations."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.entropy.coder import EntropyCoder


class ContextModel(nn.Module, ABC):
    """Predicts every bit from those coded before it: earlier iterations, earlier positions.

    Shapes:
        bits −1, +1 (T, B, 32, H, W), T from 1 to 16 → logits of a +1 (T, B, 32, H, W)

    Attributes:
        models: a network for each iteration, all alike in shape.
    """

    models: Sequence[nn.Module]

    @abstractmethod
    def forward(self, bits: Tensor) -> Tensor:
        """Logits of every bit."""

    @abstractmethod
    def quantise(self) -> EntropyCoder:
        """The same model in integers, with a coder."""


def bits_per_bit(logits: Tensor, bits: Tensor) -> Tensor:
    """Ideal code length of each iteration, in bits for one bit of the code, (T,).

    Example:
        >>> import torch
        >>> bits_per_bit(torch.zeros(1, 1, 32, 2, 2), torch.ones(1, 1, 32, 2, 2))
        tensor([1.])
    """
    nats = F.softplus(-logits * bits).flatten(1).mean(dim=1)
    return nats / 0.6931471805599453
