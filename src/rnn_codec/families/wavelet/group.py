"""The bits of a group and the signs of its new coefficients, coded segment by segment."""

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
"""Of the byte of a logit."""

_ONE = 1 << PROBABILITY_BITS
PROBABILITIES = of_both(
    np.array(
        [round(_ONE / (1 + math.exp((MIDDLE - byte) / LOGIT_UNITS))) / _ONE for byte in range(256)]
    )
)
"""Of a zero and a one, by the byte of the logit, (256, 2)."""


class GroupCode:
    """A group being coded. Its coefficients stand in a row, position by position.

    Args:
        logits: of all its positions, (h, w, 3n), n coefficients to each.
        significant: which coefficients are so before this plane, (h, w, n).
        bits: of this plane; a decoder's are arbitrary.
        positive: which coefficients are so; a decoder's are arbitrary.
        exists: which coefficients there are, (h·w·n,); None for all.
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
        """Code a segment: from the end of the one before to a coefficient.

        Raises:
            EndOfCodeError: it has not arrived: the group ends with the segment before.
        """
        part = slice(self._coded, end)
        bits = self._bits[part] = self._bits_of(part)
        new = part.start + np.flatnonzero(bits > self._significant[part])
        self._positive[new] = self._code(self._positive[new], self._sign[new])
        self._coded = end

    def told(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """The bits as far as they were coded, and which new coefficients are positive and negative.

        Each (h, w, n), false behind the last segment.
        """
        self._bits[self._coded :] = False
        new = self._bits > self._significant
        positive = self._positive & new
        bits, positive, negative = (
            x.reshape(self._shape) for x in (self._bits, positive, new > positive)
        )
        return bits, positive, negative

    def _bits_of(self, part: slice) -> NDArray[np.bool_]:
        """Bits of a segment, zero where there is no coefficient."""
        truth, logits = self._bits[part], self._bit[part]
        if self._exists is None:
            return self._code(truth, logits)
        there = self._exists[part]
        found = np.zeros(truth.shape, np.bool_)
        found[there] = self._code(truth[there], logits[there])
        return found

    def _code(self, truth: NDArray[np.bool_], logits: Bytes) -> NDArray[np.bool_]:
        """Bits by the bytes of their logits."""
        return self._symbols.code(truth, PROBABILITIES.take(logits, axis=0))
