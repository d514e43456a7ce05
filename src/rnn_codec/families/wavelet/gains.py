"""The factors on coefficients before they are quantised: a gain for every 32×32 block.

This is the paper's residual scaling [Toderici 2017, section 2.2.3], with planes in place of
iterations: a gain of 2 codes a block one plane earlier. Gains and the weights of scales are powers
of 2^(1/32), given by integer exponents.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import of_both
from rnn_codec.families.wavelet.layout import SCALES
from rnn_codec.families.wavelet.planes import Shape, Weights
from rnn_codec.families.wavelet.symbols import Symbols

BLOCK = 32
OCTAVE = 32
"""The units of an exponent that double a gain."""
FULL = 8
"""The strength at which scales have the weights of `SCALE_EXPONENTS`."""
MOST_STRENGTH = 15
MOST_EXPONENT = 31
SCALE_EXPONENTS = (-37, -8, 4, 6, -1, -16)
"""The exponents of the weights of scales for structural similarity.

It counts coarse structure less than squared error does."""
STEP_UNITS, MOST_STEP = 32, 255
"""Steps are whole multiples of 1/32, at most `MOST_STEP` of them."""

_CHANGES, _NEGATIVE, _MORE = 0.5, 0.5, 0.25
_ROOTS = np.array([2 ** (unit / OCTAVE) for unit in range(OCTAVE)], np.float32)


@dataclass(frozen=True)
class Gains:
    """How a picture's coefficients are scaled.

    Attributes:
        step: in units of 1/32.
        of_scales: strength of the weights of scales, 0 … 15; 8 for the full weights.
        of_blocks: strength of gains of blocks, the factor on exponents, 0 … 15; 0 for no gains.
        exponents: of the blocks, (H/32, W/32), −31 … 31; None for no gains.
    """

    step: int
    of_scales: int = 0
    of_blocks: int = 0
    exponents: NDArray[np.int8] | None = None

    def weights(self, shape: Shape) -> Weights:
        """See `Weights`."""
        found: list[NDArray[np.float32]] = []
        for scale, (size, exponent) in enumerate(
            zip(shape.sizes(), self.scale_exponents(), strict=True)
        ):
            if self.exponents is None:
                found.append(self._weight(np.array(exponent, np.int32)))
                continue
            side = BLOCK >> (SCALES - max(scale, 1))
            blocks = self.exponents.astype(np.int32) * self.of_blocks + exponent
            spread = self._weight(blocks).repeat(side, 0).repeat(side, 1)
            found.append(spread[: size[0], : size[1]])
        return found

    def scale_exponents(self) -> list[int]:
        """The exponents of the weights of scales."""
        # Halves are rounded up, so that the format need not specify Python's own rule.
        return [(exponent * self.of_scales + FULL // 2) // FULL for exponent in SCALE_EXPONENTS]

    def _weight(self, exponents: NDArray[np.int32]) -> NDArray[np.float32]:
        powers, units = np.divmod(exponents, OCTAVE)
        return np.ldexp(_ROOTS[units], powers) * np.float32(STEP_UNITS / self.step)


def blocks(shape: Shape) -> tuple[int, int]:
    """The number of rows and columns of blocks."""
    return -(-shape.height // BLOCK), -(-shape.width // BLOCK)


def code_exponents(
    symbols: Symbols, size: tuple[int, int], truth: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Code the exponents of blocks; returns those of `truth`, or those that a decoder reads.

    Each is coded as its difference to the exponent on its left, in the first column to the one
    above: whether it differs, the sign of the difference, and then whether its magnitude exceeds 1,
    2, and so on. Each question is answered for all blocks before the next.

    Raises:
        EndOfCodeError: the exponents have not arrived.
    """
    deltas = _differences(truth.astype(np.int64))
    changes = _asked(symbols, (deltas != 0).ravel(), _CHANGES)
    where = np.flatnonzero(changes)
    magnitude, negative = np.abs(deltas).ravel(), (deltas < 0).ravel()
    negative_found = _asked(symbols, negative[where], _NEGATIVE)
    found = np.zeros(deltas.size, np.int64)
    found[where] = 1
    larger = where
    for least in range(1, 2 * MOST_EXPONENT):
        larger = larger[_asked(symbols, magnitude[larger] > least, _MORE)]
        found[larger] += 1
    found[where[negative_found]] *= -1
    return _summed(found.reshape(size)).clip(-MOST_EXPONENT, MOST_EXPONENT).astype(np.int8)


def _asked(symbols: Symbols, truth: NDArray[np.bool_], probability: float) -> NDArray[np.bool_]:
    return symbols.code(truth, of_both(np.full(truth.size, probability)))


def _differences(exponents: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.diff(exponents, axis=1, prepend=0)
    found[:, 0] = np.diff(exponents[:, 0], prepend=0)
    return found


def _summed(differences: NDArray[np.int64]) -> NDArray[np.int64]:
    first = differences.copy()
    first[:, 0] = np.cumsum(first[:, 0])
    return np.cumsum(first, axis=1)
