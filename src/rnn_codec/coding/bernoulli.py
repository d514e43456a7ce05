"""Bits with probabilities of their own, many at once, by the range coder of `constriction`.

The code is one number v, 0 ≤ v < 1, written as bytes, first the highest. Coding a bit narrows an
interval that v must lie in, by a share that is the bit's probability. docs/file-format.md has the
arithmetic. Bytes behind the end of a code count as zeros.
"""

from typing import NamedTuple

import constriction
import numpy as np
from numpy.typing import NDArray

PROBABILITY_BITS = 16
"""Probabilities of a one are k / 2¹⁶, 0 < k < 2¹⁶, as float64, which holds them exactly."""
_WORD, _WINDOW = 4, 8
_BITS = constriction.stream.model.Categorical(perfect=False)
"""The same intervals as those of the library's Bernoulli model, in half the time."""
_BEHIND = 4
"""Words behind the last byte that a decoder may look at before a bit is undecided."""


class EndOfCodeError(Exception):
    """Bits whose code has not arrived."""


def of_both(ones: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities (n, 2) of zeros and of ones, from the latter.

    >>> of_both(np.array([0.25]))
    array([[0.75, 0.25]])
    """
    return np.stack([1 - ones, ones], axis=1)


class Place(NamedTuple):
    """A state of an encoder."""

    words: int
    """Of four bytes, written before those that may still change."""
    low: int
    span: int
    """The interval that the code lies in, in units of the last place of the next eight bytes."""


class BitEncoder:
    """Writes a code."""

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()

    def put(self, bits: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> None:
        """Code bits (n,), each with its probabilities (n, 2) of being zero and one."""
        if bits.size:
            self._coder.encode(bits.astype(np.int32), _BITS, probabilities)

    @property
    def place(self) -> Place:
        """Where the code stands: see `certain_after`."""
        words, (low, span) = self._coder.pos()
        return Place(words, low, span)

    @property
    def most_bytes(self) -> int:
        """No more than these has the code, if it ends here."""
        return self._coder.num_words() * _WORD

    def code(self) -> bytes:
        """The code, as if it ended here; more may follow."""
        return self._coder.get_compressed().astype(">u4").tobytes()


def certain_after(code: bytes, place: Place) -> int:
    """The fewest first bytes that make certain what was coded up to a place, whatever follows.

    Args:
        code: to the end, of an encoder that was at the place.
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
    """Reads a code of which all bytes are there."""

    def __init__(self, code: bytes) -> None:
        self._coder = _decoder(code, b"\0")

    def get(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The next bits, by their probabilities (n, 2); behind the last one they are arbitrary.

        Raises:
            EndOfCodeError: the code is none that an encoder writes.
        """
        return _decoded(self._coder, probabilities)


class PrefixDecoder(WholeDecoder):
    """Reads the beginning of a code.

    What follows may have been anything between zeros and ones. Bits have arrived if both give the
    same.
    """

    def __init__(self, code: bytes) -> None:
        super().__init__(code)
        self._other = _decoder(code, b"\xff")

    def get(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The next bits.

        Raises:
            EndOfCodeError: one of them has not arrived.
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
    # How constriction says that a code lies where intervals leave a gap.
    except AssertionError as error:
        raise EndOfCodeError from error


def _decoder(code: bytes, behind: bytes) -> constriction.stream.queue.RangeDecoder:
    size = -(-len(code) // _WORD) * _WORD + _BEHIND * _WORD
    words = np.frombuffer(code.ljust(size, behind), ">u4")
    return constriction.stream.queue.RangeDecoder(words.astype(np.uint32))
