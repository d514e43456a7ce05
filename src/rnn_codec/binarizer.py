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


def stochastic_sign(y: Tensor) -> Tensor:
    """+1 with probability (1+y)/2, else −1, for y in [−1, 1]; the gradient passes straight through.

    Example:
        >>> stochastic_sign(torch.tensor([-1.0, 1.0]))
        tensor([-1.,  1.])
    """
    sample = torch.where(torch.rand_like(y) < (1 + y) / 2, 1.0, -1.0).to(y.dtype)
    return y + (sample - y).detach()


class Binarizer(nn.Module):
    """tanh(Wx + b), then stochastic bits in training and the sign otherwise.

    Args:
        in_channels: depth of the encoder's output.
        depth: bits at every position.

    Shapes:
        (B, in_channels, H, W) → (B, depth, H, W), values −1 and +1
    """

    def __init__(self, in_channels: int, depth: int) -> None:
        super().__init__()
        self.convolution = SharedConv2d(in_channels, depth, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """Turn the encoder's output into bits."""
        y = torch.tanh(self.convolution(x))
        return stochastic_sign(y) if self.training else sign(y)
