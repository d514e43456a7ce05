"""Binarizers, which turn real numbers into bits [Toderici 2016; 2017, figure 1 B-Conv]."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.layers.convolution import SharedConv2d, to_image, to_matrix


def sign(y: Tensor) -> Tensor:
    """The sign, −1 or +1; it is +1 at zero, so that there are only two symbols.

    Example:
        >>> sign(torch.tensor([-0.2, 0.0, 0.7]))
        tensor([-1.,  1.,  1.])
    """
    return torch.where(y < 0, -1.0, 1.0).to(y.dtype)


def stochastic_sign(y: Tensor, rank: int = 0, world_size: int = 1) -> Tensor:
    """+1 with probability (1+y)/2, else −1, for y in [−1, 1]; the gradient passes straight through.

    Args:
        y: this process's share of a batch, (B, …).
        rank: number of this process.
        world_size: number of processes that share the batch. Each draws the random numbers of all
            and uses its own share, so that the result does not depend on how a batch is divided.

    Example:
        >>> stochastic_sign(torch.tensor([-1.0, 1.0]))
        tensor([-1.,  1.])
    """
    # `cat` keeps the memory layout, and random numbers are assigned in memory order.
    noise = torch.rand_like(torch.cat([y.detach()] * world_size))
    share = noise[rank * len(y) : (rank + 1) * len(y)]
    sample = torch.where(share < (1 + y) / 2, 1.0, -1.0).to(y.dtype)
    return y + (sample - y).detach()


def straight_through_sign(y: Tensor) -> Tensor:
    """The sign, with the gradient of tanh.

    Example:
        >>> y = torch.tensor([-0.5, 0.0], requires_grad=True)
        >>> bits = straight_through_sign(y)
        >>> bits.sum().backward()
        >>> bits.tolist(), y.grad[1].item()
        ([-1.0, 1.0], 1.0)
    """
    smooth = torch.tanh(y)
    return smooth + (sign(smooth) - smooth).detach()


class Binarizer(nn.Module):
    """tanh(Wx + b), then stochastic bits in training and the sign otherwise.

    Shapes:
        (B, in_channels, H, W) → (B, depth, H, W), values −1 and +1

    Attributes:
        rank: number of this process, when several train together.
        world_size: number of processes that share a batch.
    """

    def __init__(self, in_channels: int, depth: int) -> None:
        super().__init__()
        self.rank, self.world_size = 0, 1
        self.convolution = SharedConv2d(in_channels, depth, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.convolution(x))
        return stochastic_sign(y, self.rank, self.world_size) if self.training else sign(y)


def bits_of_groups(real: Tensor, of_bits: Tensor, sizes: Tensor | None, groups: int) -> Tensor:
    """Signs, group by group: b_j = sign(z_j − Σ_i M_ji s_i b_i), i over the groups before.

    The bits are the same in training and evaluation. The gradient is that of tanh, and also flows
    through the sum.

    Args:
        real: z, (N, bits).
        of_bits: M, what bit i adds to z_j at a step size of 1, (bits, bits): j, i.
        sizes: s, (N, bits); None for 1 everywhere.
        groups: number of groups, of equal size.

    Returns:
        −1 and +1, (N, bits).

    Example:
        >>> z, ones = torch.tensor([[1.0, 0.4]]), torch.ones(2, 2)
        >>> bits_of_groups(z, ones, None, 1), bits_of_groups(z, ones, None, 2)
        (tensor([[1., 1.]]), tensor([[ 1., -1.]]))
    """
    size = real.shape[1] // groups
    found = [straight_through_sign(real[:, :size])]
    for first in range(size, real.shape[1], size):
        known = torch.cat(found, dim=1)
        steps = known if sizes is None else known * sizes[:, :first]
        taken = F.linear(steps, of_bits[first : first + size, :first])
        found.append(straight_through_sign(real[:, first : first + size] - taken))
    return torch.cat(found, dim=1)


class GroupBinarizer(nn.Module):
    """Binarizes in groups of bits, each of which codes the residual of the groups before it.

    A convolution that starts at zero adds the recurrent part's output to z.

    Shapes:
        (B, in_channels, H, W) → (B, depth, H, W), values −1 and +1, channels innermost
    """

    elementwise: ClassVar[tuple[str, ...]] = ("bits_of_groups",)
    bits_of_groups = staticmethod(bits_of_groups)

    def __init__(self, in_channels: int, depth: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.convolution = SharedConv2d(in_channels, depth, kernel=1)
        nn.init.zeros_(self.convolution.weight)

    def forward(self, x: Tensor, linear: Tensor, of_bits: Tensor, sizes: Tensor | None) -> Tensor:
        """Turn the encoder's output into bits; see `bits_of_groups`.

        `linear`, the linear part of z, and `sizes`, unless None, are (B, depth, H, W).
        """
        real = to_matrix(self.convolution(x) + linear)
        steps = None if sizes is None else to_matrix(sizes)
        return to_image(self.bits_of_groups(real, of_bits, steps, self.groups), x)
