"""The initial values of `transform`: a linear codec of blocks, with one stage per iteration.

A block of 16×16 pixels is a vector of 768 values. In the basis of the Karhunen–Loève transform
(KLT) its coefficients are uncorrelated. Bits are assigned greedily, each to a coefficient with the
largest residual:

    Y = coefficients of training blocks, mean removed
    for every group of bits of every iteration:
        k = the coefficients whose residuals have the largest mean square
        add their basis vectors to the stage;  deviation = √(mean square);  amplitude a = mean |Y_k|
        Y_k ← Y_k − a · sign(Y_k)

Several groups of one iteration may take the same coefficient. Each then codes the residual of the
group before it, so the mean of a block gets one bit per group in the first iteration.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.code import CODE_DEPTH, FORMAT_ITERATIONS, STRIDE
from rnn_codec.metrics.psnr_hvs import dct_matrix

BLOCK_DEPTH = 3 * STRIDE**2
"""Values per block, in the order row, column, colour."""
LEAST_DEVIATION = 1e-3
"""The smallest deviation of a coefficient, in units of the signal.

It is an eighth of an 8-bit level: there is nothing to code below it.
"""

_COLOURS = [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]
"""Luminance and two colour differences, as weights of red, green and blue."""
_COLOUR_ENERGIES = [2.8, 0.1, 0.1]
"""Relative energies of luminance and colour differences if colours have a correlation of 0.9."""
_CORRELATION = 0.95
"""Correlation of neighbouring pixels."""
_PIXEL_ENERGY = 0.25
"""Variance of a pixel of a signal −1 … 1."""


class Stages(NamedTuple):
    """A linear codec of T iterations."""

    mean: Tensor
    """The mean block, (768,)."""
    directions: Tensor
    """A unit vector for each bit of each iteration, (T, 32, 768)."""
    deviations: Tensor
    """Root mean square of the residual in the bit's direction before the bit, (T, 32)."""
    amplitudes: Tensor
    """Amount that the bit adds or subtracts in its direction, (T, 32)."""

    def multiplied(self, gain: float) -> "Stages":
        """These stages for a codec that multiplies residuals by `gain` after iteration 1."""
        gains = torch.full_like(self.deviations[:, :1], gain)
        gains[0] = 1.0
        return self._replace(deviations=self.deviations * gains, amplitudes=self.amplitudes * gains)


def klt_stages(blocks: Tensor, iterations: int, groups: int) -> Stages:
    """The stages for given blocks of a signal −1 … 1, (N, 768).

    They are the same on every machine, up to rounding: computed in double precision, with the
    arbitrary sign of a basis vector chosen such that its largest entry is positive. With fewer
    than 768 blocks, or if all are identical, some deviations are zero. These are raised to
    `LEAST_DEVIATION`, so that training starts without NaN.

    Raises:
        InvalidOptionError: there are no blocks, or the number of iterations or groups is invalid.

    Example:
        >>> stages = klt_stages(torch.zeros(5, 768), iterations=2, groups=4)
        >>> stages.directions.shape, stages.deviations.unique()
        (torch.Size([2, 32, 768]), tensor([0.0010]))
    """
    if not len(blocks):
        raise InvalidOptionError("there are no blocks of 16×16 pixels to start the network from")
    double = blocks.double()
    mean = double.mean(dim=0)
    centred = double - mean
    _, basis = torch.linalg.eigh(centred.T @ centred / len(centred))
    largest = basis.gather(0, basis.abs().argmax(dim=0, keepdim=True))
    basis = basis * torch.where(largest < 0, -1.0, 1.0)
    left = (centred @ basis).T.contiguous()
    energy = left.square().mean(dim=1)

    def take(k: Tensor) -> Tensor:
        coefficients = left[k]
        amplitude = coefficients.abs().mean(dim=1)
        left[k] = coefficients - amplitude[:, None] * coefficients.sign()
        energy[k] = left[k].square().mean(dim=1)
        return amplitude

    return _greedy(mean, basis, energy, take, iterations, groups)


@lru_cache
def model_stages(iterations: int, groups: int) -> Stages:
    """The stages for a statistical model of photographs, used without actual photographs.

    Neighbouring pixels have a correlation of 0.95, colours one of 0.9, and coefficients are
    Gaussian. The KLT is then close to a cosine transform of luminance and two colour differences.
    There are T `iterations`, the bits of each in `groups` groups.
    """
    colours = F.normalize(torch.tensor(_COLOURS, dtype=torch.float64))
    cosines = dct_matrix(STRIDE)
    basis = torch.kron(torch.kron(cosines, cosines), colours).T.contiguous()
    places = torch.arange(STRIDE, dtype=torch.float64)
    correlations = _CORRELATION ** (places[:, None] - places).abs()
    along = (cosines @ correlations @ cosines.T).diagonal()
    of_colours = torch.tensor(_COLOUR_ENERGIES, dtype=torch.float64)
    energy = _PIXEL_ENERGY * torch.kron(torch.kron(along, along), of_colours)

    def take(k: Tensor) -> Tensor:
        # For a Gaussian, mean |y| = √(2/π) σ.
        amplitude = (2 / math.pi * energy[k]).sqrt()
        energy[k] = (1 - 2 / math.pi) * energy[k]
        return amplitude

    mean = torch.zeros(BLOCK_DEPTH, dtype=torch.float64)
    return _greedy(mean, basis, energy, take, iterations, groups)


def _greedy(
    mean: Tensor,
    basis: Tensor,
    energy: Tensor,
    take: Callable[[Tensor], Tensor],
    iterations: int,
    groups: int,
) -> Stages:
    """The stages, chosen greedily, one group of bits after another.

    `energy` is the mean square of each coefficient's residual, (768,). `take` assigns a bit to each
    of some coefficients: it lowers their energies and returns the amplitudes.
    """
    if not 1 <= iterations <= FORMAT_ITERATIONS:
        raise InvalidOptionError(
            f"network.iterations must be 1 … {FORMAT_ITERATIONS}, not {iterations}"
        )
    if groups < 1 or CODE_DEPTH % groups:
        raise InvalidOptionError(
            f"network.groups={groups} does not divide the {CODE_DEPTH} bits of an iteration: "
            "choose 1, 2, 4, 8, 16 or 32"
        )
    chosen, deviations, amplitudes = [], [], []
    for _ in range(iterations * groups):
        k = energy.topk(CODE_DEPTH // groups).indices
        chosen.append(k)
        deviations.append(energy[k].sqrt())
        amplitudes.append(take(k))
    shape = (iterations, CODE_DEPTH)
    return Stages(
        mean=mean.float(),
        directions=basis.T[torch.cat(chosen)].view(*shape, BLOCK_DEPTH).float(),
        deviations=torch.cat(deviations).view(shape).float().clamp(min=LEAST_DEVIATION),
        amplitudes=torch.cat(amplitudes).view(shape).float().clamp(min=LEAST_DEVIATION),
    )
