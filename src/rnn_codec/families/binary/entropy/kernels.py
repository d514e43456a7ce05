"""The integer context models, compiled: the only arithmetic that probabilities come from.

Integers add up to the same whatever the order, so compilers, vector units, threads and machines
cannot differ. Formats: `fixed_point`. Everything is channels-last, with a border of zeros as wide
as the window that reads it.

What depends on the row above and on earlier iterations is summed up for a whole row at once; what
depends on the neighbour on the left, or on bits of the position itself, waits for them.

Summaries e have one grid for all iterations: a position's are overwritten once its bits are known,
so what a window finds there is always the latest.
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
"""Iterations whose symbols are kept: this one and those before that it looks at."""
_PROBABILITY_ONE = 1 << PROBABILITY_BITS


class Functions(NamedTuple):
    """The tables of functions that the kernels look up."""

    probability: NDArray[np.int32]
    cost: NDArray[np.float32]
    """Bits that an event takes, (1025,), by its probability in units of 2⁻¹⁰. For choosing what to
    code, not for coding: floats may differ between machines."""


def functions() -> Functions:
    """The tables."""
    probabilities = (np.arange(1025) + 0.5) / 1024
    cost = -np.log2(np.minimum(probabilities, 1)).astype(np.float32)
    return Functions(probability_table(), cost)


class Known(NamedTuple):
    """What is known of a picture."""

    summary: NDArray[np.int32]
    """E, (h, w, 64)"""
    shown: NDArray[np.int16]
    """e, (1 + h + 1, (1 + w + 1)·64)"""
    symbols: NDArray[np.int16]
    """(5, 1 + h, (1 + w + 1)·32); iteration t is in place t mod 5"""


def nothing_known(height: int, width: int) -> Known:
    """Before the first iteration."""
    return Known(
        summary=np.zeros((height, width, SUMMARY), np.int32),
        shown=np.zeros((height + 2, (width + 2) * SUMMARY), np.int16),
        symbols=np.zeros((SLOTS, height + 1, (width + 2) * CODE_DEPTH), np.int16),
    )


class Line(NamedTuple):
    """Sums of a row, and what they are made of."""

    around: NDArray[np.int16]
    """(w, 8·64): e of the window of each position, without its left neighbour"""
    symbols: NDArray[np.int16]
    """(w, 7·32): symbols of the neighbours above and of earlier iterations"""
    hidden: NDArray[np.int32]
    """(w, 64)"""
    logits: NDArray[np.int32]
    """(w, 64), of which the first 32 count"""
    units: NDArray[np.int16]
    """(64,): hidden units of one position"""
    sums: NDArray[np.int32]
    """(64,): of one product"""


def new_line(width: int) -> Line:
    """Room for a row."""
    return Line(
        around=np.zeros((width, 8 * SUMMARY), np.int16),
        symbols=np.zeros((width, (3 + PAST) * CODE_DEPTH), np.int16),
        hidden=np.zeros((width, HIDDEN), np.int32),
        logits=np.zeros((width, OUTPUTS), np.int32),
        units=np.zeros(HIDDEN, np.int16),
        sums=np.zeros(OUTPUTS, np.int32),
    )


def packed(tables: Tables) -> Tables:
    """Tables with their weights as the kernels read them."""
    names = ("summary", "around", "left", "hidden_bits", "logits", "symbols", "left_symbols")
    weights = {name: _pack_all(getattr(tables, name)) for name in names}
    bias = np.zeros((len(tables.logit_bias), OUTPUTS), np.int32)
    bias[:, :CODE_DEPTH] = tables.logit_bias
    # What a field holds is known only when the program runs.
    return tables._replace(**weights, logit_bias=bias)  # type: ignore[arg-type]


def _pack_all(weights: NDArray[np.int16]) -> NDArray[np.int16]:
    """Pack the last two axes, (…, out, in)."""
    matrices = weights.reshape(-1, *weights.shape[-2:])
    result = np.stack([pack(matrix) for matrix in matrices])
    return result.reshape(*weights.shape[:-2], *result.shape[1:])


@compiled
def add_product(weights, inputs, sums):  # type: ignore[no-untyped-def]
    """Add packed weights (out, in) times inputs (n, in) to sums (n, out)."""
    for block in range(len(weights)):
        first = block * OUTPUTS
        for x in range(len(inputs)):
            add_pairs(weights[block], inputs[x], sums[x, first : first + OUTPUTS])


@compiled
def add_vector_product(weights, inputs, sums):  # type: ignore[no-untyped-def]
    """Add packed weights (out, in) times inputs (in,) to sums (out,)."""
    for block in range(len(weights)):
        first = block * OUTPUTS
        add_pairs(weights[block], inputs, sums[first : first + OUTPUTS])


@compiled
def clip_row(sums, fraction, out):  # type: ignore[no-untyped-def]
    """Sums to `out`, rounded to the format of a clipped layer."""
    shift = np.int32(fraction - CLIP_BITS)
    half = np.int32(1) << (shift - np.int32(1))
    for d in range(sums.size):
        out[d] = min(max((sums[d] + half) >> shift, 0), CLIP_MAX)


@compiled
def prepare_row(model, iteration, y, known, line):  # type: ignore[no-untyped-def]
    """Sum up what is known of row y before its own bits."""
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
    """Add what is known of the neighbour on the left."""
    shown = known.shown[y + 1, x * SUMMARY : (x + 1) * SUMMARY]
    add_vector_product(model.left, shown, line.hidden[x])
    symbols = known.symbols[iteration % SLOTS, y + 1, x * CODE_DEPTH : (x + 1) * CODE_DEPTH]
    add_vector_product(model.left_symbols[iteration], symbols, line.logits[x])


@compiled
def predict_group(model, iteration, group, x, line):  # type: ignore[no-untyped-def]
    """Add to the logits of eight bits what the hidden layer says of them."""
    clip_row(line.hidden[x], model.hidden_fraction, line.units)
    line.sums[:] = 0
    add_vector_product(model.logits[iteration, group], line.units, line.sums)
    for d in range(GROUP):
        line.logits[x, group * GROUP + d] += line.sums[d]


@compiled
def probability_of(model, x, bit, line, tables):  # type: ignore[no-untyped-def]
    """Of a one, from the sum of a bit; the outermost beyond the ends of the table."""
    index = line.logits[x, bit] >> (model.logit_fraction - SIGMOID_STEP_BITS)
    return tables.probability[min(max(index + MIDDLE, 0), TABLE_SIZE - 1)]


@compiled
def take_in_bit(model, iteration, x, bit, symbol, line):  # type: ignore[no-untyped-def]
    """Add what a bit of the position says of those after it."""
    weights, logits = model.bits[iteration, bit], line.logits[x]
    symbol = np.int32(symbol)
    for d in range(CODE_DEPTH):
        logits[d] += symbol * weights[d]


@compiled
def take_in_group(model, iteration, group, x, symbols, line):  # type: ignore[no-untyped-def]
    """Add to the hidden layer what eight bits say of those after them."""
    if group + 1 < GROUPS:
        bits = symbols[group * GROUP : (group + 1) * GROUP]
        add_vector_product(model.hidden_bits[iteration, group], bits, line.hidden[x])


@compiled
def sum_up(model, iteration, y, x, known, line):  # type: ignore[no-untyped-def]
    """Update E and e of a position whose symbols are known."""
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

    `row_states` (h, 3) receives the coder's state after each row, `costs` (h, w) what the bits of
    each position took.
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
    """Decode an iteration into `known`; return how many of its rows arrived."""
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
