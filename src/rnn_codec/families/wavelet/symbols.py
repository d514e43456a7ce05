"""Where the bits of a stream go to, or come from, and its check values.

After a plane with enough coefficients that became significant since the last one come 16 bits of
even probability: a check value of all coefficients so far. A decoder that reads another knows that
its stream is damaged.
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
"""Coefficients that become significant before a check value is due."""
MOST_BITS_PER_BYTE = 16_600
"""No byte of a stream codes more, for no bit costs less than 4.8e-4 bits."""
_BEHIND = 64
"""Bytes behind the end that count as having arrived, when bits are counted."""


class Symbols(Protocol):
    """Takes bits, or gives them."""

    def code(
        self, truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Bits (n,), which an encoder takes from `truth` and returns, and a decoder finds.

        Args:
            probabilities: of a zero and of a one, (n, 2).

        Raises:
            EndOfCodeError: they have not arrived.
        """

    def plane_coded(self, plane: int, so_far: Planes) -> None:
        """A plane is complete.

        Raises:
            BadFileError: its check value is another.
        """


class _Checks:
    """Check values, and when they are due.

    Args:
        seed: CRC-32 of what the decoder knows before the stream.
    """

    def __init__(self, seed: int) -> None:
        self._seed, self._significant = seed, 0

    def due(self, so_far: Planes) -> NDArray[np.bool_] | None:
        """The check value after a plane, if there is to be one."""
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
"""Coefficients, a multiple of eight."""


def _signs_crc(magnitudes: NDArray[np.uint16], negative: NDArray[np.bool_], value: int) -> int:
    """Of one bit for each coefficient: whether it is significant and negative."""
    for start in range(0, negative.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        value = crc32(np.packbits(negative[part] & (magnitudes[part] > 0)).data, value)
    return value


_EVEN = np.full((CHECK_BITS, 2), 0.5)


class Written:
    """The bits of a picture, which go into a code."""

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
    """The bits of a code.

    Args:
        whole: whether all bytes of the stream are there.

    Attributes:
        checked: the last plane that a check value agreed with; None before the first.
    """

    def __init__(self, code: bytes, seed: int, whole: bool) -> None:
        self._decoder = WholeDecoder(code) if whole else PrefixDecoder(code)
        self._checks = _Checks(seed)
        self.checked: int | None = None
        self._left = (len(code) + _BEHIND) * MOST_BITS_PER_BYTE

    def code(
        self, truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        # A damaged file must not be decoded for ever.
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
