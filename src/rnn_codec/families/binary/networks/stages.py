"""Where `transform` starts from: what each iteration codes of a block, as a linear codec would.

A block of 16×16 pixels is a vector of 768 values. In the basis of the Karhunen–Loève transform
(KLT) its coefficients are uncorrelated. Bit after bit, greedily, goes to the coefficient of which
most is left:

    Y = coefficients of training blocks, mean removed
    for every group of bits of every iteration:
        k = the coefficients with the largest mean square of what is left
        the stage gains their basis vectors;  deviation = its root;  amplitude a = mean |Y_k|
        Y_k ← Y_k − a · sign(Y_k)

The groups of one iteration may take the same coefficient, each what the group before left of it:
the mean of a block gets as many bits in the first iteration as there are groups.
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
"""Values of a block, in the order row, column, colour."""
LEAST_DEVIATION = 1e-3
"""Of a coefficient, in units of the signal: an eighth of a level. Less is nothing to code."""

_COLOURS = [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]
"""Luminance and two colour differences, of red, green and blue."""
_COLOUR_ENERGIES = [2.8, 0.1, 0.1]
"""Theirs where colours are correlated by 0.9."""
_CORRELATION = 0.95
"""Of neighbouring pixels."""
_PIXEL_ENERGY = 0.25
"""Variance of a pixel, of a signal −1 … 1."""


class Stages(NamedTuple):
    """A linear codec of T iterations."""

    mean: Tensor
    """The mean block, (768,)."""
    directions: Tensor
    """Unit vectors, of each bit of each iteration, (T, 32, 768)."""
    deviations: Tensor
    """Root mean square of what is left in that direction before the bit, (T, 32)."""
    amplitudes: Tensor
    """What the bit adds or takes away in that direction, (T, 32)."""

    def multiplied(self, gain: float) -> "Stages":
        """The same for a codec that multiplies residuals by `gain` after the first iteration."""
        gains = torch.full_like(self.deviations[:, :1], gain)
        gains[0] = 1.0
        return self._replace(deviations=self.deviations * gains, amplitudes=self.amplitudes * gains)


def klt_stages(blocks: Tensor, iterations: int, groups: int) -> Stages:
    """The stages that suit some blocks; the same on every machine, up to rounding.

    Computed in double precision; a basis vector's sign, which is arbitrary, makes its largest
    entry positive. With fewer blocks than a block has values, or blocks that are all alike, some
    deviations are zero: they become `LEAST_DEVIATION`, so that training starts without NaN. Blocks
    are those of a signal, −1 … 1, (N, 768).

    Raises:
        InvalidOptionError: there are no blocks, or there cannot be so many iterations or groups.

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
    """The stages for a model of photographs, for where there are none to look at.

    Neighbouring pixels are correlated by 0.95, colours by 0.9, coefficients are Gaussian: the KLT
    is then close to a cosine transform of the luminance and two colour differences. There are T
    `iterations`, whose bits are in so many `groups`.
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
        # Of a Gaussian: mean |y| = √(2/π) σ.
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
    """The stages of one group of bits after another.

    `energy` is the mean square of what is left of each coefficient, (768,). `take` gives some of
    them a bit: it lowers their energies and returns the amplitudes.
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
