"""Codes many bits at once, each with its own probability, by the range coder of `constriction`.

The code is one number v, 0 ≤ v < 1, written as bytes, the highest first. Coding a bit narrows the
interval that contains v, in proportion to the bit's probability. The arithmetic is specified in
docs/file-format.md. Bytes after the end of a code count as zeros.
"""

from typing import NamedTuple

import constriction
import numpy as np
from numpy.typing import NDArray

PROBABILITY_BITS = 16
"""Probabilities of a one are k / 2¹⁶, 0 < k < 2¹⁶, as float64, which holds them exactly."""
_WORD, _WINDOW = 4, 8
_BITS = constriction.stream.model.Categorical(perfect=False)
"""Has the same intervals as the library's Bernoulli model, but takes half the time."""
_BEHIND = 4
"""Words after the last byte that a decoder may read before a bit is undecided."""


class EndOfCodeError(Exception):
    """The code ends before the requested bits, or is invalid."""


def of_both(ones: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities (n, 2) of zeros and ones, from those of ones (n,).

    >>> of_both(np.array([0.25]))
    array([[0.75, 0.25]])
    """
    return np.stack([1 - ones, ones], axis=1)


class Place(NamedTuple):
    """A state of an encoder."""

    words: int
    """Number of 4-byte words before those that may still change."""
    low: int
    span: int
    """The interval [low, low + span) that contains the code, in units of the last place of the next
    eight bytes."""


class BitEncoder:
    """Writes a code."""

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()

    def put(self, bits: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> None:
        """Code bits (n,), given the probabilities (n, 2) that each is zero and one."""
        if bits.size:
            self._coder.encode(bits.astype(np.int32), _BITS, probabilities)

    @property
    def place(self) -> Place:
        """The encoder's current state, for `certain_after`."""
        words, (low, span) = self._coder.pos()
        return Place(words, low, span)

    @property
    def most_bytes(self) -> int:
        """An upper bound on the bytes of the code if it ends here."""
        return self._coder.num_words() * _WORD

    def code(self) -> bytes:
        """The code as if it ended here; coding may continue afterwards."""
        return self._coder.get_compressed().astype(">u4").tobytes()


def certain_after(code: bytes, place: Place) -> int:
    """The length of the shortest prefix that determines everything coded up to a place.

    Args:
        code: the finished code of the encoder.
        place: an earlier state of that encoder.
    """
    start = place.words * _WORD
    window = int.from_bytes(code[start : start + _WINDOW].ljust(_WINDOW, b"\0"), "big")
    above = (window - place.low) % (1 << 8 * _WINDOW)
    for missing in range(_WINDOW, 0, -1):
        unknown = (1 << 8 * missing) - 1
        smallest = above - (window & unknown)
        if smallest >= 0 and smallest + unknown < place.span:
            return min(start + _WINDOW - missing, len(code))
    return min(start + _WINDOW, len(code))


class WholeDecoder:
    """Reads a complete code."""

    def __init__(self, code: bytes) -> None:
        self._coder = _decoder(code, b"\0")

    def get(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The next bits, given their probabilities (n, 2); after the last one they are arbitrary.

        Raises:
            EndOfCodeError: no encoder writes this code.
        """
        return _decoded(self._coder, probabilities)


class PrefixDecoder(WholeDecoder):
    """Reads the beginning of a code.

    The missing bytes may have been anything from all zeros to all ones. Bits have arrived if both
    extremes decode to the same values.
    """

    def __init__(self, code: bytes) -> None:
        super().__init__(code)
        self._other = _decoder(code, b"\xff")

    def get(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The next bits.

        Raises:
            EndOfCodeError: one of the bits has not arrived.
        """
        bits = super().get(probabilities)
        if not np.array_equal(bits, _decoded(self._other, probabilities)):
            raise EndOfCodeError
        return bits


def _decoded(
    coder: constriction.stream.queue.RangeDecoder, probabilities: NDArray[np.float64]
) -> NDArray[np.bool_]:
    if not probabilities.size:
        return np.zeros(0, np.bool_)
    try:
        return coder.decode(_BITS, probabilities).astype(np.bool_)
    # Raised by constriction if a code lies in a gap between intervals.
    except AssertionError as error:
        raise EndOfCodeError from error


def _decoder(code: bytes, behind: bytes) -> constriction.stream.queue.RangeDecoder:
    size = -(-len(code) // _WORD) * _WORD + _BEHIND * _WORD
    words = np.frombuffer(code.ljust(size, behind), ">u4")
    return constriction.stream.queue.RangeDecoder(words.astype(np.uint32))
