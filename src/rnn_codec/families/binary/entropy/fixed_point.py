"""Fixed-point numbers: the formats and tables of the integer context models.

A value x in format Qn is the integer round(x·2ⁿ).

    symbols                       Q9, −512, 0 and 512
    e and hidden units            Q9, 0 … 2048
    summaries E                   Q12, −32767 … 32767, saturated
    shares k that summaries keep  Q14
    probabilities                 Q16

Sums are int32, in a format that `quantise_layer` finds for each layer: the finest in which the
layer's weights fit and no inputs can make a sum overflow.
"""

from decimal import Decimal, localcontext
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.range_coder import LEAST_PROBABILITY, PROBABILITY_BITS
from rnn_codec.families.binary.entropy.bit_predictor import CLIP

CLIP_BITS = 9
CLIP_MAX = int(CLIP) << CLIP_BITS
ONE = 1 << CLIP_BITS
"""The symbol +1, in the format of hidden units, so that the weights of both are equally fine."""
SUMMARY_BITS = 12
SUMMARY_MAX = (1 << 15) - 1
KEPT_BITS = 14

TABLE_SIZE = 4096
SIGMOID_STEP_BITS = 8
"""The sigmoid's table has a step of 2⁻⁸ and covers −8 … 8."""

FINEST = 24
COARSEST = 13
"""Fractional bits of a layer's sums: the most that are tried, and the fewest that make sense."""

SUM_LIMIT = (1 << 31) - 1
WEIGHT_LIMIT = (1 << 15) - 1


class Input(NamedTuple):
    """One input of a layer, in Q9."""

    weight: NDArray[np.float64]
    """(out, in)"""
    largest: int
    """The largest magnitude of the input's integer values."""


class Layer(NamedTuple):
    """A layer in integers: sum = bias + Σ weight·input, in format Q`fraction`."""

    weights: list[NDArray[np.int16]]
    """(out, in) for each input."""
    bias: NDArray[np.int32]
    """(out,)"""
    fraction: int
    """Fractional bits of the sums."""


def quantise_layer(inputs: list[Input], bias: NDArray[np.float64]) -> Layer:
    """Quantise a layer in the finest format that int16 weights and int32 sums allow.

    Raises:
        ValueError: the weights are too large for every format.
    """
    for fraction in range(FINEST, COARSEST - 1, -1):
        weights = [np.rint(part.weight * 2.0 ** (fraction - CLIP_BITS)) for part in inputs]
        offsets = np.rint(bias * 2.0**fraction)
        if _fits(weights, offsets, inputs):
            return Layer([w.astype(np.int16) for w in weights], offsets.astype(np.int32), fraction)
    raise too_large()


def too_large() -> ValueError:
    """The error for weights that do not fit the integers."""
    return ValueError("the weights of a context model are too large for integers; train it again")


def _fits(
    weights: list[NDArray[np.float64]], offsets: NDArray[np.float64], inputs: list[Input]
) -> bool:
    """Whether weights fit int16, and sums and partial sums int32, for all inputs in their range."""
    if any(np.abs(weight).max() > WEIGHT_LIMIT for weight in weights):
        return False
    # Rounding before a shift adds at most half of 2^(FINEST − CLIP_BITS).
    reach = np.abs(offsets) + (1 << (FINEST - CLIP_BITS))
    for weight, part in zip(weights, inputs, strict=True):
        reach = reach + np.abs(weight).sum(axis=1) * part.largest
    return bool(reach.max() <= SUM_LIMIT)


@cache
def probability_table() -> NDArray[np.int32]:
    """σ at the middle of each step in Q16, kept between 2⁻¹⁰ and 1 − 2⁻¹⁰, (4096,).

    Computed in decimal arithmetic, in which every digit is defined: floating-point exp may differ
    between machines in its last bit.
    """
    one, values = 1 << PROBABILITY_BITS, []
    with localcontext() as context:
        context.prec = 40
        step = Decimal(1) / (1 << SIGMOID_STEP_BITS)
        # e^(−x) from step to step: products are faster than exponentials.
        power, factor = (step * (TABLE_SIZE // 2 - Decimal("0.5"))).exp(), (-step).exp()
        for _ in range(TABLE_SIZE):
            values.append(int((one / (1 + power)).to_integral_value()))
            power *= factor
    return np.array(values, np.int32).clip(LEAST_PROBABILITY, one - LEAST_PROBABILITY)
