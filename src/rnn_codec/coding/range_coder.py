"""A binary range coder in compiled integer arithmetic [Martin 1979, with carries].

The code is one number v, 0 ≤ v < 1, written as bytes, the highest first. Coding a bit narrows an
interval [low, low + range): a one takes the lower part, in proportion to its probability, a zero
the rest. `range` is kept between 2²⁴ and 2³², in units of the last place of the bytes so far.

In decoding, model and coder alternate bit by bit. So the coder's steps are functions that the
kernels of context models call. Their states are small arrays:

    encoder  [low, range, position]            uint64
    decoder  [code, range, slack, position]    uint64; code = v − low, with missing bytes as zeros

`slack` is how much larger the code would be if all missing bits were ones. A bit that remains
undecided because of it has not arrived.
"""

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.compiled import compiled

PROBABILITY_BITS = 16
"""Probabilities are integers in units of 2⁻¹⁶."""
LEAST_PROBABILITY = 1 << (PROBABILITY_BITS - 10)
"""The smallest probability of a one and of a zero, 2⁻¹⁰: a bit costs at least 0.0014 bits."""
EVEN = 1 << (PROBABILITY_BITS - 1)
"""The probability one half."""

FLUSH_BYTES = 4
"""The most bytes that `finish` writes."""

_TOP = np.uint64(1 << 32)
_LOW_MASK = np.uint64((1 << 32) - 1)
_BOTTOM = np.uint64(1 << 24)
_BYTE = np.uint64(8)
_TOP_BYTE = np.uint64(24)
_SCALE = np.uint64(PROBABILITY_BITS)

NOT_ARRIVED = -1
"""The result of `get_bit` for a bit that the bytes so far leave undecided."""


def capacity(bits: int) -> int:
    """A number of bytes that suffices for `bits` bits, whatever their probabilities.

    A bit costs at most 10 bits. The coder's rounding and its last bytes add slightly to that.
    """
    return bits * 11 // 8 + 2 * FLUSH_BYTES


def start_encoder() -> NDArray[np.uint64]:
    """The encoder's state before the first bit."""
    return np.array([0, 1 << 32, 0], dtype=np.uint64)


@compiled
def put_bit(state, out, bit, probability):  # type: ignore[no-untyped-def]
    """Code a bit whose probability of being one is `probability`/2¹⁶; append bytes to `out`."""
    low, span, position = state[0], state[1], state[2]
    bound = (span >> _SCALE) * np.uint64(probability)
    if bit:
        span = bound
    else:
        low += bound
        span -= bound
    if low >= _TOP:
        low &= _LOW_MASK
        carry(out, position)
    while span < _BOTTOM:
        out[position] = low >> _TOP_BYTE
        position += np.uint64(1)
        low = (low << _BYTE) & _LOW_MASK
        span <<= _BYTE
    state[0], state[1], state[2] = low, span, position


@compiled
def carry(out, position):  # type: ignore[no-untyped-def]
    """Add one to the number formed by the first `position` bytes."""
    index = np.int64(position) - 1
    while out[index] == 255:
        out[index] = 0
        index -= 1
    out[index] += 1


@compiled
def finish(state, out):  # type: ignore[no-untyped-def]
    """Write the fewest bytes that determine the last bit; return the code's total length."""
    low, span, position = state[0], state[1], np.int64(state[2])
    for kept in range(1, FLUSH_BYTES + 1):
        unknown = np.uint64((1 << (32 - 8 * kept)) - 1)
        value = (low + unknown) & ~unknown
        if value + unknown < low + span:
            break
    if value >= _TOP:
        carry(out, position)
    for index in range(kept):
        out[position + index] = (value >> np.uint64(24 - 8 * index)) & np.uint64(255)
    return position + kept


@compiled
def start_decoder(data):  # type: ignore[no-untyped-def]
    """The decoder's state before the first bit of `data`, uint8."""
    state = np.array([0, 1 << 32, 0, 0], dtype=np.uint64)
    for _ in range(4):
        read_byte(state, data)
    return state


@compiled
def read_byte(state, data):  # type: ignore[no-untyped-def]
    """Shift the next byte into the code; if it is missing, zeros, and ones into the slack."""
    position = np.int64(state[3])
    if position < data.size:
        state[0] = (state[0] << _BYTE) | np.uint64(data[position])
        state[2] <<= _BYTE
    else:
        state[0] <<= _BYTE
        state[2] = (state[2] << _BYTE) | np.uint64(255)
    state[3] += np.uint64(1)


@compiled
def get_bit(state, data, probability):  # type: ignore[no-untyped-def]
    """Decode the next bit, or return `NOT_ARRIVED` and leave the state unchanged."""
    code, span = state[0], state[1]
    bound = (span >> _SCALE) * np.uint64(probability)
    if code + state[2] < bound:
        bit = 1
        span = bound
    elif code >= bound:
        bit = 0
        state[0] = code - bound
        span -= bound
    else:
        return NOT_ARRIVED
    while span < _BOTTOM:
        read_byte(state, data)
        span <<= _BYTE
    state[1] = span
    return bit


def certain_after(data: NDArray[np.uint8], position: int, low: int, span: int) -> int:
    """The number of first bytes of `data` that determine everything up to an encoder's state.

    Args:
        data: the finished code.
        position, low, span: the encoder's state after the bit in question; `span` is the range.
    """
    window = int.from_bytes(bytes(data[position : position + 4]).ljust(4, b"\0"), "big")
    code = (window - low) % (1 << 32)
    for missing in (4, 3, 2, 1):
        unknown = (1 << (8 * missing)) - 1
        smallest = code - (window & unknown)
        if smallest >= 0 and smallest + unknown < span:
            return min(position + 4 - missing, data.size)
    return min(position + 4, data.size)
