"""No entropy coding: every bit costs one bit."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from rnn_codec.code import CODE_DEPTH
from rnn_codec.entropy.compiled import compiled
from rnn_codec.entropy.range_coder import EVEN, NOT_ARRIVED, get_bit, put_bit
from rnn_codec.entropy.stream_coder import Grid, StreamCoder

Size = tuple[int, int]


class NoneCoder(StreamCoder[Size]):
    """Holds every bit as likely as not."""

    name = "none"
    identifier = 0

    def digest(self) -> bytes:
        """See `EntropyCoder.digest`."""
        return hashlib.sha256(b"none").digest()

    def begin(self, height: int, width: int) -> Size:
        """Only the size."""
        return height, width

    def encode_iteration(
        self,
        iteration: int,
        bits: Grid,
        memory: Size,
        state: NDArray[np.uint64],
        out: NDArray[np.uint8],
    ) -> NDArray[np.uint64]:
        """See `StreamCoder.encode_iteration`."""
        row_states = np.empty((len(bits), 3), np.uint64)
        _put_even(bits, state, out, row_states)
        return row_states

    def decode_iteration(
        self, iteration: int, memory: Size, state: NDArray[np.uint64], data: NDArray[np.uint8]
    ) -> tuple[Grid, int]:
        """See `StreamCoder.decode_iteration`."""
        bits = np.zeros((*memory, CODE_DEPTH), np.bool_)
        return bits, _get_even(bits, state, data)


@compiled
def _put_even(bits, state, out, row_states):  # type: ignore[no-untyped-def]
    for y in range(bits.shape[0]):
        for bit in bits[y].ravel():
            put_bit(state, out, bit, EVEN)
        row_states[y] = state


@compiled
def _get_even(bits, state, data):  # type: ignore[no-untyped-def]
    """How many rows arrived."""
    for y in range(bits.shape[0]):
        row = bits[y].ravel()
        for index in range(row.size):
            bit = get_bit(state, data, EVEN)
            if bit == NOT_ARRIVED:
                return y
            row[index] = bit == 1
    return bits.shape[0]
