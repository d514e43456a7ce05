"""What an entropy coder is: the bits of an image to a stream of bytes and back, exactly.

The stream holds one iteration after another, each row by row and closed by a 24-bit check value.
Nothing lies between them, so any prefix of a stream decodes to whole iterations and the rows of
the next that arrived. In a stream with stops each row begins with flags: which of its positions go
on.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy.stops import Stops

CHECK_BITS = 24
"""Bits of the check value at the end of an iteration."""


class CorruptStreamError(UserError):
    """A check value does not agree with the bits before it."""


@dataclass(frozen=True)
class Stream:
    """Coded bits.

    Attributes:
        data: the stream.
        row_ends: (iterations, rows); the first row_ends[k, y] bytes are enough to decode
            iteration k up to row y, whatever follows them.
        iteration_ends: (iterations,); enough to decode iteration k and its check value.
        costs: bits that each position takes in each iteration, flags left out,
            (iterations, h, w).
    """

    data: bytes
    row_ends: NDArray[np.int64]
    iteration_ends: NDArray[np.int64]
    costs: NDArray[np.float32]


class StreamShape(NamedTuple):
    """What a decoder has to be told of a stream.

    Attributes:
        iterations: that it holds.
        height: in positions.
        width: in positions.
        adaptive: whether it has stops.
    """

    iterations: int
    height: int
    width: int
    adaptive: bool


class Arrived(NamedTuple):
    """What a stream, or a prefix of one, holds.

    Attributes:
        bits: bool, (n, 32, h, w): `iterations` whole ones and, if `rows` is not 0, one more whose
            rows from `rows` on are False.
        iterations: iterations that arrived whole and agree with their check values.
        rows: rows of the next iteration that arrived.
        stops: how many of the n iterations have bits of each position, (h, w); None for all.
    """

    bits: NDArray[np.bool_]
    iterations: int
    rows: int
    stops: Stops | None


class EntropyCoder(ABC):
    """Codes the bits of an image without loss, the same on every machine."""

    name: str
    """As in the configuration group `entropy`."""
    identifier: int
    """In the header of a file, 0 … 7; the better, the larger."""

    @abstractmethod
    def digest(self) -> bytes:
        """32 bytes that differ between coders that read each other's streams wrongly."""

    @abstractmethod
    def encode(self, bits: NDArray[np.bool_], seed: int, stops: Stops | None = None) -> Stream:
        """Code the bits of one image.

        Args:
            bits: (iterations, 32, h, w).
            seed: 0 … 2³² − 1, enters the check values: ties a stream to what it belongs to.
            stops: of a stream with stops: how many iterations each position has bits in, (h, w).
        """

    @abstractmethod
    def decode(self, data: bytes, shape: StreamShape, seed: int) -> Arrived:
        """Decode a stream, or any prefix of one.

        Memory is taken for the iterations that `data` can hold, not for those it claims.

        Raises:
            CorruptStreamError: a check value does not agree.
        """
