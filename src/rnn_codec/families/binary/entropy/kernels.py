"""Compiled kernels of the integer context models, which compute the probabilities of all bits.

Integer sums do not depend on the order of summation, so compilers, vector units, threads and
machines all get the same results. Formats are described in `fixed_point`. All arrays are
channels-last, with a border of zeros as wide as the window that reads it.

Terms that depend on the row above and on earlier iterations are summed for a complete row at once.
Those that depend on the left neighbour, or on bits of the position itself, are added once these are
known.

Summaries e have a single grid for all iterations. A position's summaries are overwritten once its
bits are known, so a window always reads the latest ones.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.compiled import compiled
from rnn_codec.coding.range_coder import NOT_ARRIVED, PROBABILITY_BITS, get_bit, put_bit
from rnn_codec.coding.vector import OUTPUTS, add_pairs, pack
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.entropy.bit_predictor import GROUP, HIDDEN, PAST, SUMMARY
from rnn_codec.families.binary.entropy.fixed_point import (
    CLIP_BITS,
    CLIP_MAX,
    KEPT_BITS,
    ONE,
    SIGMOID_STEP_BITS,
    SUMMARY_BITS,
    SUMMARY_MAX,
    TABLE_SIZE,
    probability_table,
)
from rnn_codec.families.binary.entropy.quantisation import GROUPS, Tables
from rnn_codec.families.binary.entropy.stops import get_flags, put_flags

MIDDLE = TABLE_SIZE // 2
SLOTS = PAST + 1
"""Number of iterations whose symbols are kept: the current one and the earlier ones it uses."""
_PROBABILITY_ONE = 1 << PROBABILITY_BITS


class Functions(NamedTuple):
    """Functions as lookup tables for the kernels."""

    probability: NDArray[np.int32]
    cost: NDArray[np.float32]
    """The cost of an event in bits, (1025,), by its probability in units of 2⁻¹⁰. It is used to
    choose what to code, not for coding, because floats may differ between machines."""


def functions() -> Functions:
    """Create the lookup tables."""
    probabilities = (np.arange(1025) + 0.5) / 1024
    cost = -np.log2(np.minimum(probabilities, 1)).astype(np.float32)
    return Functions(probability_table(), cost)


class Known(NamedTuple):
    """The known symbols of a picture and their summaries."""

    summary: NDArray[np.int32]
    """E, (h, w, 64)"""
    shown: NDArray[np.int16]
    """e, (1 + h + 1, (1 + w + 1)·64)"""
    symbols: NDArray[np.int16]
    """(5, 1 + h, (1 + w + 1)·32); iteration t is at index t mod 5"""


def nothing_known(height: int, width: int) -> Known:
    """The state before the first iteration."""
    return Known(
        summary=np.zeros((height, width, SUMMARY), np.int32),
        shown=np.zeros((height + 2, (width + 2) * SUMMARY), np.int16),
        symbols=np.zeros((SLOTS, height + 1, (width + 2) * CODE_DEPTH), np.int16),
    )


class Line(NamedTuple):
    """The sums of a row, and their inputs."""

    around: NDArray[np.int16]
    """(w, 8·64): e in each position's window, without the left neighbour"""
    symbols: NDArray[np.int16]
    """(w, 7·32): symbols of the neighbours above and of earlier iterations"""
    hidden: NDArray[np.int32]
    """(w, 64)"""
    logits: NDArray[np.int32]
    """(w, 64), of which only the first 32 are used"""
    units: NDArray[np.int16]
    """(64,): hidden units of one position"""
    sums: NDArray[np.int32]
    """(64,): the sums of one product"""


def new_line(width: int) -> Line:
    """Allocate the arrays for a row."""
    return Line(
        around=np.zeros((width, 8 * SUMMARY), np.int16),
        symbols=np.zeros((width, (3 + PAST) * CODE_DEPTH), np.int16),
        hidden=np.zeros((width, HIDDEN), np.int32),
        logits=np.zeros((width, OUTPUTS), np.int32),
        units=np.zeros(HIDDEN, np.int16),
        sums=np.zeros(OUTPUTS, np.int32),
    )


def packed(tables: Tables) -> Tables:
    """The tables with their weights packed for the kernels."""
    names = ("summary", "around", "left", "hidden_bits", "logits", "symbols", "left_symbols")
    weights = {name: _pack_all(getattr(tables, name)) for name in names}
    bias = np.zeros((len(tables.logit_bias), OUTPUTS), np.int32)
    bias[:, :CODE_DEPTH] = tables.logit_bias
    # The type checker does not know which fields `weights` replaces.
    return tables._replace(**weights, logit_bias=bias)  # type: ignore[arg-type]


def _pack_all(weights: NDArray[np.int16]) -> NDArray[np.int16]:
    """Pack the last two axes, (…, out, in)."""
    matrices = weights.reshape(-1, *weights.shape[-2:])
    result = np.stack([pack(matrix) for matrix in matrices])
    return result.reshape(*weights.shape[:-2], *result.shape[1:])


@compiled
def add_product(weights, inputs, sums):  # type: ignore[no-untyped-def]
    """Add the product of packed weights (out, in) and inputs (n, in) to sums (n, out)."""
    for block in range(len(weights)):
        first = block * OUTPUTS
        for x in range(len(inputs)):
            add_pairs(weights[block], inputs[x], sums[x, first : first + OUTPUTS])


@compiled
def add_vector_product(weights, inputs, sums):  # type: ignore[no-untyped-def]
    """Add the product of packed weights (out, in) and inputs (in,) to sums (out,)."""
    for block in range(len(weights)):
        first = block * OUTPUTS
        add_pairs(weights[block], inputs, sums[first : first + OUTPUTS])


@compiled
def clip_row(sums, fraction, out):  # type: ignore[no-untyped-def]
    """Write the sums to `out`, clipped and rounded to the format of hidden units."""
    shift = np.int32(fraction - CLIP_BITS)
    half = np.int32(1) << (shift - np.int32(1))
    for d in range(sums.size):
        out[d] = min(max((sums[d] + half) >> shift, 0), CLIP_MAX)


@compiled
def prepare_row(model, iteration, y, known, line):  # type: ignore[no-untyped-def]
    """Compute the sums of row y from everything that is known before its own bits."""
    row, slot = 3 * SUMMARY, iteration % SLOTS
    above = 3 * CODE_DEPTH
    for x in range(len(line.hidden)):
        near, start = line.around[x], x * SUMMARY
        near[:row] = known.shown[y, start : start + row]
        near[row : row + 2 * SUMMARY] = known.shown[y + 1, start + SUMMARY : start + row]
        near[row + 2 * SUMMARY :] = known.shown[y + 2, start : start + row]
        seen, start = line.symbols[x], x * CODE_DEPTH
        seen[:above] = known.symbols[slot, y, start : start + above]
        start += CODE_DEPTH
        for k in range(PAST):
            before = known.symbols[(slot - 1 - k) % SLOTS, y + 1, start : start + CODE_DEPTH]
            seen[above + k * CODE_DEPTH : above + (k + 1) * CODE_DEPTH] = before
    line.hidden[:] = model.hidden_bias[iteration]
    add_product(model.around, line.around, line.hidden)
    line.logits[:] = model.logit_bias[iteration]
    add_product(model.symbols[iteration], line.symbols, line.logits)


@compiled
def look_left(model, iteration, y, x, known, line):  # type: ignore[no-untyped-def]
    """Add the terms of the left neighbour."""
    shown = known.shown[y + 1, x * SUMMARY : (x + 1) * SUMMARY]
    add_vector_product(model.left, shown, line.hidden[x])
    symbols = known.symbols[iteration % SLOTS, y + 1, x * CODE_DEPTH : (x + 1) * CODE_DEPTH]
    add_vector_product(model.left_symbols[iteration], symbols, line.logits[x])


@compiled
def predict_group(model, iteration, group, x, line):  # type: ignore[no-untyped-def]
    """Add the hidden layer's terms to the logits of eight bits."""
    clip_row(line.hidden[x], model.hidden_fraction, line.units)
    line.sums[:] = 0
    add_vector_product(model.logits[iteration, group], line.units, line.sums)
    for d in range(GROUP):
        line.logits[x, group * GROUP + d] += line.sums[d]


@compiled
def probability_of(model, x, bit, line, tables):  # type: ignore[no-untyped-def]
    """The probability of a one, from a bit's logit; clamped beyond the ends of the table."""
    index = line.logits[x, bit] >> (model.logit_fraction - SIGMOID_STEP_BITS)
    return tables.probability[min(max(index + MIDDLE, 0), TABLE_SIZE - 1)]


@compiled
def take_in_bit(model, iteration, x, bit, symbol, line):  # type: ignore[no-untyped-def]
    """Add the linear terms of a bit to the logits of the bits after it."""
    weights, logits = model.bits[iteration, bit], line.logits[x]
    symbol = np.int32(symbol)
    for d in range(CODE_DEPTH):
        logits[d] += symbol * weights[d]


@compiled
def take_in_group(model, iteration, group, x, symbols, line):  # type: ignore[no-untyped-def]
    """Add the terms of eight bits to the hidden layer, for the bits after them."""
    if group + 1 < GROUPS:
        bits = symbols[group * GROUP : (group + 1) * GROUP]
        add_vector_product(model.hidden_bits[iteration, group], bits, line.hidden[x])


@compiled
def sum_up(model, iteration, y, x, known, line):  # type: ignore[no-untyped-def]
    """Update E and e of a position once its symbols are known."""
    start = (1 + x) * CODE_DEPTH
    symbols = known.symbols[iteration % SLOTS, y + 1, start : start + CODE_DEPTH]
    line.sums[:] = 0
    add_vector_product(model.summary[iteration], symbols, line.sums)
    shift = np.int32(model.summary_fraction - SUMMARY_BITS)
    half = np.int32(1) << (shift - np.int32(1))
    summary, kept, bias = known.summary[y, x], model.kept[iteration], model.summary_bias[iteration]
    for d in range(SUMMARY):
        new = ((kept[d] * summary[d]) >> KEPT_BITS) + ((line.sums[d] + half) >> shift)
        summary[d] = min(max(new, -SUMMARY_MAX), SUMMARY_MAX)
        line.sums[d] = summary[d] + bias[d]
    start = (1 + x) * SUMMARY
    clip_row(line.sums, SUMMARY_BITS, known.shown[y + 1, start : start + SUMMARY])


@compiled
def encode_rows(model, iteration, flags, known, line, tables, state, out, row_states, costs):  # type: ignore[no-untyped-def]
    """Code an iteration whose symbols are in `known`.

    `row_states` (h, 3) receives the coder's state after each row, `costs` (h, w) the coded bits of
    each position.
    """
    height, width = costs.shape
    for y in range(height):
        put_flags(flags, y, state, out)
        prepare_row(model, iteration, y, known, line)
        for x in range(width):
            start = (1 + x) * CODE_DEPTH
            symbols = known.symbols[iteration % SLOTS, y + 1, start : start + CODE_DEPTH]
            if flags.alive[y, x]:
                look_left(model, iteration, y, x, known, line)
                for group in range(GROUPS):
                    predict_group(model, iteration, group, x, line)
                    for d in range(group * GROUP, (group + 1) * GROUP):
                        probability = probability_of(model, x, d, line, tables)
                        bit = symbols[d] > 0
                        put_bit(state, out, bit, probability)
                        taken = probability if bit else _PROBABILITY_ONE - probability
                        costs[y, x] += tables.cost[taken >> 6]
                        take_in_bit(model, iteration, x, d, symbols[d], line)
                    take_in_group(model, iteration, group, x, symbols, line)
            sum_up(model, iteration, y, x, known, line)
        row_states[y] = state


@compiled
def decode_rows(model, iteration, flags, known, line, tables, state, data):  # type: ignore[no-untyped-def]
    """Decode an iteration into `known`; return the number of rows that arrived."""
    height, width, _ = known.summary.shape
    for y in range(height):
        if not get_flags(flags, y, state, data):
            return y
        prepare_row(model, iteration, y, known, line)
        for x in range(width):
            start = (1 + x) * CODE_DEPTH
            symbols = known.symbols[iteration % SLOTS, y + 1, start : start + CODE_DEPTH]
            symbols[:] = 0
            if flags.alive[y, x]:
                look_left(model, iteration, y, x, known, line)
                for group in range(GROUPS):
                    predict_group(model, iteration, group, x, line)
                    for d in range(group * GROUP, (group + 1) * GROUP):
                        bit = get_bit(state, data, probability_of(model, x, d, line, tables))
                        if bit == NOT_ARRIVED:
                            return y
                        symbols[d] = ONE if bit else -ONE
                        take_in_bit(model, iteration, x, d, symbols[d], line)
                    take_in_group(model, iteration, group, x, symbols, line)
            sum_up(model, iteration, y, x, known, line)
    return height
