"""Code the bits of a group and the signs of its newly significant coefficients, by segments."""

import math

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import PROBABILITY_BITS, of_both
from rnn_codec.families.wavelet.engine import Bytes
from rnn_codec.families.wavelet.known import MIDDLE
from rnn_codec.families.wavelet.layout import PREDICTIONS
from rnn_codec.families.wavelet.strided import gathered
from rnn_codec.families.wavelet.symbols import Symbols

LOGIT_UNITS = 16
"""The units of a logit's byte that make a logit of 1."""

_ONE = 1 << PROBABILITY_BITS
PROBABILITIES = of_both(
    np.array(
        [round(_ONE / (1 + math.exp((MIDDLE - byte) / LOGIT_UNITS))) / _ONE for byte in range(256)]
    )
)
"""The probabilities of a zero and a one, by the byte of the logit, (256, 2)."""


class GroupCode:
    """A group being coded. Its coefficients are flattened, position by position.

    Args:
        logits: of all positions of the group, (h, w, 3n), with n coefficients per position.
        significant: which coefficients are significant before this plane, (h, w, n).
        bits: of this plane; arbitrary in a decoder.
        positive: which coefficients are positive; arbitrary in a decoder.
        exists: which coefficients exist, (h·w·n,); None for all.
    """

    def __init__(
        self,
        symbols: Symbols,
        logits: Bytes,
        significant: NDArray[np.bool_],
        bits: NDArray[np.bool_],
        positive: NDArray[np.bool_],
        exists: NDArray[np.bool_] | None,
    ) -> None:
        significance, refinement, self._sign = (
            gathered(part).ravel() for part in np.split(logits, PREDICTIONS, 2)
        )
        self._symbols, self._shape = symbols, significant.shape
        self._significant = significant.ravel()
        self._bit = np.where(self._significant, refinement, significance)
        self._bits, self._positive, self._exists = bits.ravel(), positive.ravel(), exists
        self._coded = 0

    def code(self, end: int) -> None:
        """Code a segment, from the end of the previous one up to the coefficient `end`.

        Raises:
            EndOfCodeError: the segment has not arrived; the group ends with the previous one.
        """
        part = slice(self._coded, end)
        bits = self._bits[part] = self._bits_of(part)
        new = part.start + np.flatnonzero(bits > self._significant[part])
        self._positive[new] = self._code(self._positive[new], self._sign[new])
        self._coded = end

    def told(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """The bits coded so far, and which newly significant coefficients are positive, negative.

        Each array is (h, w, n), and false after the last coded segment.
        """
        self._bits[self._coded :] = False
        new = self._bits > self._significant
        positive = self._positive & new
        bits, positive, negative = (
            x.reshape(self._shape) for x in (self._bits, positive, new > positive)
        )
        return bits, positive, negative

    def _bits_of(self, part: slice) -> NDArray[np.bool_]:
        """Code the bits of a segment; they are zero where no coefficient exists."""
        truth, logits = self._bits[part], self._bit[part]
        if self._exists is None:
            return self._code(truth, logits)
        there = self._exists[part]
        found = np.zeros(truth.shape, np.bool_)
        found[there] = self._code(truth[there], logits[there])
        return found

    def _code(self, truth: NDArray[np.bool_], logits: Bytes) -> NDArray[np.bool_]:
        """Code bits, given the bytes of their logits."""
        return self._symbols.code(truth, PROBABILITIES.take(logits, axis=0))
