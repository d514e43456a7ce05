"""The binarizer: a real code becomes bits [Toderici 2016; 2017, figure 1 B-Conv]."""

import torch
from torch import Tensor, nn

from rnn_codec.convolution import SharedConv2d


def sign(y: Tensor) -> Tensor:
    """−1 or +1, and +1 at zero, so that every value is one of two symbols.

    Example:
        >>> sign(torch.tensor([-0.2, 0.0, 0.7]))
        tensor([-1.,  1.,  1.])
    """
    return torch.where(y < 0, -1.0, 1.0).to(y.dtype)


def stochastic_sign(y: Tensor, rank: int = 0, world_size: int = 1) -> Tensor:
    """+1 with probability (1+y)/2, else −1, for y in [−1, 1]; the gradient passes straight through.

    Args:
        y: the share of a process in a batch, (B, …).
        rank: number of the process.
        world_size: processes that share the batch. Each draws the random numbers of all and uses
            its own, so that the same batch gets the same ones however it is shared.

    Example:
        >>> stochastic_sign(torch.tensor([-1.0, 1.0]))
        tensor([-1.,  1.])
    """
    # `cat` keeps the order of the dimensions in memory, in which random numbers are handed out.
    noise = torch.rand_like(torch.cat([y.detach()] * world_size))
    share = noise[rank * len(y) : (rank + 1) * len(y)]
    sample = torch.where(share < (1 + y) / 2, 1.0, -1.0).to(y.dtype)
    return y + (sample - y).detach()


class Binarizer(nn.Module):
    """tanh(Wx + b), then stochastic bits in training and the sign otherwise.

    Args:
        in_channels: depth of the encoder's output.
        depth: bits at every position.

    Shapes:
        (B, in_channels, H, W) → (B, depth, H, W), values −1 and +1

    Attributes:
        rank: number of the process, in training by several.
        world_size: how many processes share a batch.
    """

    def __init__(self, in_channels: int, depth: int) -> None:
        super().__init__()
        self.rank, self.world_size = 0, 1
        self.convolution = SharedConv2d(in_channels, depth, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """Turn the encoder's output into bits."""
        y = torch.tanh(self.convolution(x))
        return stochastic_sign(y, self.rank, self.world_size) if self.training else sign(y)


class SignBinarizer(Binarizer):
    """tanh(Wx + b), then its sign, in training as well; the gradient passes straight through.

    Arguments and shapes are those of `Binarizer`.

    Example:
        >>> binarizer = SignBinarizer(1, 1)
        >>> x = torch.full((1, 1, 1, 1), 0.1, requires_grad=True)
        >>> bit = binarizer(x)
        >>> bit.backward()
        >>> abs(bit.item()), bool(x.grad != 0)
        (1.0, True)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Turn the encoder's output into bits."""
        y = torch.tanh(self.convolution(x))
        return y + (sign(y) - y).detach() if self.training else sign(y)
