"""The target or source of the bits of a stream, and its check values.

A check value of all coefficients so far, 16 bits of even probability, follows a plane if enough
coefficients became significant since the last check value. A decoder that reads another value knows
that its stream is damaged.
"""

from typing import Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import BitEncoder, EndOfCodeError, PrefixDecoder, WholeDecoder
from rnn_codec.families.wavelet.planes import Planes
from rnn_codec.rnc.fields import BadFileError

CHECK_BITS = 16
UNCHECKED = 64
"""The fewest newly significant coefficients for which a check value is due."""
MOST_BITS_PER_BYTE = 16_600
"""The most bits that a byte of a stream can code: no bit costs less than 4.8e-4 bits."""
_BEHIND = 64
"""Bytes after the end that count as if they had arrived, when bits are counted."""


class Symbols(Protocol):
    """The target of an encoder's bits, or the source of a decoder's."""

    def code(
        self, truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Code bits (n,): an encoder writes and returns those of `truth`, a decoder reads them.

        Args:
            probabilities: of a zero and of a one, (n, 2).

        Raises:
            EndOfCodeError: the bits have not arrived.
        """

    def plane_coded(self, plane: int, so_far: Planes) -> None:
        """Code the check value after a complete plane, if one is due.

        Raises:
            BadFileError: the check value in the stream differs.
        """


class _Checks:
    """The check values of a stream, and when they are due.

    Args:
        seed: the CRC-32 of the beginning of the header.
    """

    def __init__(self, seed: int) -> None:
        self._seed, self._significant = seed, 0

    def due(self, so_far: Planes) -> NDArray[np.bool_] | None:
        """The check value after a plane; None if none is due."""
        significant = sum(int(np.count_nonzero(m)) for m in so_far.magnitudes)
        if significant - self._significant < UNCHECKED:
            return None
        self._significant = significant
        value = self._seed
        for magnitudes, negative in zip(so_far.magnitudes, so_far.negative, strict=True):
            value = crc32(magnitudes.astype("<u2", copy=False).data, value)
            value = _signs_crc(magnitudes.ravel(), negative.ravel(), value)
        return np.array([value >> bit & 1 for bit in reversed(range(CHECK_BITS))], np.bool_)


_AT_ONCE = 2**20
"""Coefficients that are processed at once, a multiple of eight."""


def _signs_crc(magnitudes: NDArray[np.uint16], negative: NDArray[np.bool_], value: int) -> int:
    """Continue a CRC-32 with a bit for each coefficient: whether it is significant and negative."""
    for start in range(0, negative.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        value = crc32(np.packbits(negative[part] & (magnitudes[part] > 0)).data, value)
    return value


_EVEN = np.full((CHECK_BITS, 2), 0.5)


class Written:
    """The symbols of an encoder: bits of a picture that are written to a code."""

    def __init__(self, seed: int) -> None:
        self.encoder, self._checks = BitEncoder(), _Checks(seed)

    def code(
        self, truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        self.encoder.put(truth, probabilities)
        return truth

    def plane_coded(self, plane: int, so_far: Planes) -> None:
        check = self._checks.due(so_far)
        if check is not None:
            self.encoder.put(check, _EVEN)


class Read:
    """The symbols of a decoder: bits that are read from a code.

    Args:
        whole: whether all bytes of the stream have arrived.

    Attributes:
        checked: the last plane that a check value confirmed; None before the first.
    """

    def __init__(self, code: bytes, seed: int, whole: bool) -> None:
        self._decoder = WholeDecoder(code) if whole else PrefixDecoder(code)
        self._checks = _Checks(seed)
        self.checked: int | None = None
        self._left = (len(code) + _BEHIND) * MOST_BITS_PER_BYTE

    def code(
        self, truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        # Without a limit, a damaged file could keep a decoder busy.
        self._left -= len(probabilities)
        if self._left < 0:
            raise EndOfCodeError
        return self._decoder.get(probabilities)

    def plane_coded(self, plane: int, so_far: Planes) -> None:
        check = self._checks.due(so_far)
        if check is None:
            return
        if not np.array_equal(self._decoder.get(_EVEN), check):
            raise BadFileError("the file is damaged: a check value in its stream does not agree")
        self.checked = plane
