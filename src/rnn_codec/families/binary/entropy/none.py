"""No entropy coding: every bit costs one bit."""

import hashlib

import numpy as np

from rnn_codec.coding.compiled import compiled
from rnn_codec.coding.range_coder import EVEN, NOT_ARRIVED, get_bit, put_bit
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy.coder import Coded, EntropyCoder, Grid, Iteration
from rnn_codec.families.binary.entropy.stops import get_flags, put_flags


class NoneCoder(EntropyCoder):
    """Codes every bit with probability ½, without memory."""

    name = "none"
    identifier = 0

    def digest(self) -> bytes:
        return hashlib.sha256(b"none").digest()

    def begin(self, height: int, width: int) -> None:
        """Return None: there is no memory."""

    def encode_iteration(self, at: Iteration, bits: Grid) -> Coded:
        row_states = np.empty((len(bits), 3), np.uint64)
        _put_even(bits, at.flags, at.state, at.data, row_states)
        return Coded(row_states, at.flags.alive.astype(np.float32) * CODE_DEPTH)

    def decode_iteration(self, at: Iteration) -> tuple[Grid, int]:
        bits = np.zeros((*at.flags.alive.shape, CODE_DEPTH), np.bool_)
        return bits, _get_even(bits, at.flags, at.state, at.data)


@compiled
def _put_even(bits, flags, state, out, row_states):  # type: ignore[no-untyped-def]
    height, width, depth = bits.shape
    for y in range(height):
        put_flags(flags, y, state, out)
        for x in range(width):
            if flags.alive[y, x]:
                for d in range(depth):
                    put_bit(state, out, bits[y, x, d], EVEN)
        row_states[y] = state


@compiled
def _get_even(bits, flags, state, data):  # type: ignore[no-untyped-def]
    """Decode the bits; return the number of rows that arrived."""
    height, width, depth = bits.shape
    for y in range(height):
        if not get_flags(flags, y, state, data):
            return y
        for x in range(width):
            if flags.alive[y, x]:
                for d in range(depth):
                    bit = get_bit(state, data, EVEN)
                    if bit == NOT_ARRIVED:
                        return y
                    bits[y, x, d] = bit == 1
    return height
