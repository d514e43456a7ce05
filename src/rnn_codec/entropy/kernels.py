"""The integer context models, compiled: the only arithmetic that probabilities come from.

Integers add up to the same whatever the order, so compilers, vector units, threads and machines
cannot differ. Formats: `fixed_point`. Activations are channels-last, with a border of zeros as wide
as the window that reads them.

An iteration goes row by row. What depends on the rows above and on earlier iterations is done for a
whole row at once; only what depends on the positions to the left waits for each position's bits.
"""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_codec.code import CODE_DEPTH
from rnn_codec.entropy.binary_rnn import DEPTH, GATES, WINDOW
from rnn_codec.entropy.compiled import compiled
from rnn_codec.entropy.fixed_point import (
    CLIP_BITS,
    CLIP_MAX,
    GATE_BITS,
    MEMORY_BITS,
    MEMORY_MAX,
    SIGMOID_STEP_BITS,
    STATE_BITS,
    TABLE_SIZE,
    TANH_STEP_BITS,
    probability_table,
    sigmoid_table,
    tanh_table,
)
from rnn_codec.entropy.quantisation import (
    POSITIONS_LEFT,
    ROWS_ABOVE,
    EarlierTables,
    IterationTables,
)
from rnn_codec.entropy.range_coder import NOT_ARRIVED, PROBABILITY_BITS, get_bit, put_bit
from rnn_codec.entropy.stops import get_flags, put_flags
from rnn_codec.entropy.vector import OUTPUTS, add_pairs, pack

MIDDLE = TABLE_SIZE // 2
_ONE = 1 << PROBABILITY_BITS

Tables = TypeVar("Tables", IterationTables, EarlierTables)


class Functions(NamedTuple):
    """The tables of functions that the kernels look up."""

    sigmoid: NDArray[np.int32]
    tanh: NDArray[np.int32]
    probability: NDArray[np.int32]
    cost: NDArray[np.float32]
    """Bits that an event takes, (1025,), by its probability in units of 2⁻¹⁰. For choosing what to
    code, not for coding: floats may differ between machines."""


def functions() -> Functions:
    """The tables."""
    probabilities = (np.arange(1025) + 0.5) / 1024
    cost = -np.log2(np.minimum(probabilities, 1)).astype(np.float32)
    return Functions(sigmoid_table(), tanh_table(), probability_table(), cost)


class Line(NamedTuple):
    """What the kernels keep of a row."""

    above: NDArray[np.int16]
    """(w, 3·7·32): bits of the rows above, each position's window"""
    masked: NDArray[np.int32]
    """(w, 64): sums of the masked convolution's rows above."""
    known: NDArray[np.int16]
    """(w, 3·64) or (w, 3·64 + 64): states of the row above, each position's window, and z1"""
    gates: NDArray[np.int32]
    """(w, 256): sums of what is known of the gates before the row is."""
    z0: NDArray[np.int16]
    """((1 + w)·64,)"""
    state: NDArray[np.int16]
    """((1 + w + 1)·64,): h of the row above, then of this row."""
    memory: NDArray[np.int32]
    """(w, 64): c"""
    logits: NDArray[np.int32]
    """(w, 64): sums of the last layer, of which the first 32 count"""


def new_line(width: int, known: int) -> Line:
    """Before the first row; `known` is how many inputs of a gate are known before its row."""
    return Line(
        above=np.zeros((width, ROWS_ABOVE * WINDOW * CODE_DEPTH), np.int16),
        known=np.zeros((width, known), np.int16),
        masked=np.zeros((width, DEPTH), np.int32),
        gates=np.zeros((width, GATES), np.int32),
        z0=np.zeros((1 + width) * DEPTH, np.int16),
        state=np.zeros((1 + width + 1) * DEPTH, np.int16),
        memory=np.zeros((width, DEPTH), np.int32),
        logits=np.zeros((width, OUTPUTS), np.int32),
    )


def padded_bits(height: int, width: int) -> NDArray[np.int16]:
    """Room for the bits of an iteration, zeros around: (3 + h, (3 + w + 3)·32)."""
    size = (ROWS_ABOVE + height, (width + 2 * POSITIONS_LEFT) * CODE_DEPTH)
    return np.zeros(size, np.int16)


def packed(tables: Tables) -> Tables:
    """Tables with their weights as the kernels read them."""
    weights = {name: pack(v) for name, v in tables._asdict().items() if np.ndim(v) == 2}
    # What a field holds is known only when the program runs.
    return tables._replace(**weights)  # type: ignore[arg-type]


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
def layer(weights, bias, inputs, sums):  # type: ignore[no-untyped-def]
    """Sums (n, out) of a layer."""
    sums[:] = bias
    add_product(weights, inputs, sums)


@compiled
def look_up(table, index):  # type: ignore[no-untyped-def]
    """An entry of a table around zero, the outermost beyond its ends."""
    return table[min(max(index + MIDDLE, 0), TABLE_SIZE - 1)]


@compiled
def clip_row(sums, fraction, out):  # type: ignore[no-untyped-def]
    """Sums (64,) to the first 64 of `out`, rounded to the format of a clipped layer."""
    shift = fraction - CLIP_BITS
    half = np.int32(1) << (shift - 1)
    for d in range(sums.size):
        out[d] = min(max((sums[d] + half) >> shift, 0), CLIP_MAX)


@compiled
def lstm(gates, fraction, memory, state, tables):  # type: ignore[no-untyped-def]
    """Update one position's memory (64,) and state (64,) from the sums of its gates (256,)."""
    to_sigmoid = fraction - SIGMOID_STEP_BITS
    to_tanh = fraction - TANH_STEP_BITS
    for d in range(DEPTH):
        forget = look_up(tables.sigmoid, gates[d] >> to_sigmoid)
        write = look_up(tables.sigmoid, gates[DEPTH + d] >> to_sigmoid)
        output = look_up(tables.sigmoid, gates[2 * DEPTH + d] >> to_sigmoid)
        candidate = look_up(tables.tanh, gates[3 * DEPTH + d] >> to_tanh)
        kept = (forget * memory[d]) >> GATE_BITS
        added = (write * candidate) >> (2 * GATE_BITS - MEMORY_BITS)
        memory[d] = min(max(kept + added, -MEMORY_MAX), MEMORY_MAX)
        shown = look_up(tables.tanh, memory[d] >> (MEMORY_BITS - TANH_STEP_BITS))
        state[d] = (output * shown) >> (2 * GATE_BITS - STATE_BITS)


@compiled
def prepare_row(model, y, bits, context, line):  # type: ignore[no-untyped-def]
    """Sum up what is known of row y before its own bits.

    `bits` as `padded_bits`; `context` (h, w, 64) or empty; `line.state` holds the row above.
    """
    window = WINDOW * CODE_DEPTH
    near = 3 * DEPTH
    for x in range(len(line.known)):
        for row in range(ROWS_ABOVE):
            start = x * CODE_DEPTH
            line.above[x, row * window : (row + 1) * window] = bits[y + row, start : start + window]
        line.known[x, :near] = line.state[x * DEPTH : x * DEPTH + near]
        if context.size:
            line.known[x, near:] = context[y, x]
    layer(model.above, model.masked_bias, line.above, line.masked)
    layer(model.known, model.gate_bias, line.known, line.gates)


@compiled
def predict(model, y, x, bits, line, tables, probabilities):  # type: ignore[no-untyped-def]
    """The probabilities (32,) of one position, from the positions to its left."""
    left = bits[ROWS_ABOVE + y, x * CODE_DEPTH : (x + POSITIONS_LEFT) * CODE_DEPTH]
    add_vector_product(model.left, left, line.masked[x])
    z0 = line.z0[(1 + x) * DEPTH : (2 + x) * DEPTH]
    clip_row(line.masked[x], model.masked_fraction, z0)
    near = line.z0[x * DEPTH : (x + 2) * DEPTH]
    add_vector_product(model.input, near, line.gates[x])
    state = line.state[(1 + x) * DEPTH : (2 + x) * DEPTH]
    lstm(line.gates[x], model.gate_fraction, line.memory[x], state, tables)
    sums = model.hidden_bias.copy()
    add_vector_product(model.hidden, state, sums)
    hidden = np.empty(DEPTH, np.int16)
    clip_row(sums, model.hidden_fraction, hidden)
    logits = line.logits[x]
    logits[:CODE_DEPTH] = model.output_bias
    add_vector_product(model.output, hidden, logits)
    to_probabilities(logits, model.output_fraction, tables, probabilities)


@compiled
def to_probabilities(logits, fraction, tables, probabilities):  # type: ignore[no-untyped-def]
    """The probabilities (32,) of ones, from the sums of the last layer."""
    for d in range(CODE_DEPTH):
        index = logits[d] >> (fraction - SIGMOID_STEP_BITS)
        probabilities[d] = look_up(tables.probability, index)


@compiled
def predict_row(model, y, bits, line, tables, probabilities):  # type: ignore[no-untyped-def]
    """The probabilities (w, 32) of a row whose bits are all known: `predict` for all positions."""
    width = len(probabilities)
    left = np.empty((width, POSITIONS_LEFT * CODE_DEPTH), np.int16)
    for x in range(width):
        left[x] = bits[ROWS_ABOVE + y, x * CODE_DEPTH : (x + POSITIONS_LEFT) * CODE_DEPTH]
    add_product(model.left, left, line.masked)
    near = np.empty((width, 2 * DEPTH), np.int16)
    clip_all(line.masked, model.masked_fraction, line.z0[DEPTH:].reshape(width, DEPTH))
    for x in range(width):
        near[x] = line.z0[x * DEPTH : (x + 2) * DEPTH]
    add_product(model.input, near, line.gates)
    states = line.state[DEPTH:-DEPTH].reshape(width, DEPTH)
    for x in range(width):
        lstm(line.gates[x], model.gate_fraction, line.memory[x], states[x], tables)
    sums = np.empty((width, DEPTH), np.int32)
    hidden = np.empty((width, DEPTH), np.int16)
    layer(model.hidden, model.hidden_bias, states, sums)
    clip_all(sums, model.hidden_fraction, hidden)
    line.logits[:, :CODE_DEPTH] = model.output_bias
    add_product(model.output, hidden, line.logits)
    for x in range(width):
        to_probabilities(line.logits[x], model.output_fraction, tables, probabilities[x])


@compiled
def encode_rows(  # type: ignore[no-untyped-def]
    model, first, end, bits, flags, context, line, tables, state, out, row_states, costs
):
    """Code rows first … end − 1.

    `row_states` (h, 3) receives the coder's state after each, `costs` (h, w) what the bits of each
    position took.
    """
    width = len(line.memory)
    probabilities = np.empty((width, CODE_DEPTH), np.int32)
    for y in range(first, end):
        prepare_row(model, y, bits, context, line)
        predict_row(model, y, bits, line, tables, probabilities)
        put_flags(flags, y, state, out)
        for x in range(width):
            if not flags.alive[y, x]:
                continue
            start = (POSITIONS_LEFT + x) * CODE_DEPTH
            for d in range(CODE_DEPTH):
                bit = bits[ROWS_ABOVE + y, start + d] > 0
                probability = probabilities[x, d]
                put_bit(state, out, bit, probability)
                costs[y, x] += tables.cost[(probability if bit else _ONE - probability) >> 6]
        row_states[y] = state


@compiled
def decode_rows(  # type: ignore[no-untyped-def]
    model, first, end, bits, flags, context, line, tables, state, data
):
    """Decode rows first … end − 1 into `bits`; return `end`, or the row that has not arrived."""
    width = len(line.memory)
    probabilities = np.empty(CODE_DEPTH, np.int32)
    for y in range(first, end):
        if not get_flags(flags, y, state, data):
            return y
        prepare_row(model, y, bits, context, line)
        for x in range(width):
            # A stopped position has no bits, but the line goes on through it.
            predict(model, y, x, bits, line, tables, probabilities)
            if not flags.alive[y, x]:
                continue
            start = (POSITIONS_LEFT + x) * CODE_DEPTH
            for d in range(CODE_DEPTH):
                bit = get_bit(state, data, probabilities[d])
                if bit == NOT_ARRIVED:
                    return y
                bits[ROWS_ABOVE + y, start + d] = 2 * bit - 1
    return end


class Earlier(NamedTuple):
    """What is kept of earlier iterations."""

    first: NDArray[np.int16]
    """(1 + h + 1, (1 + w + 1)·64)"""
    state: NDArray[np.int16]
    """(h, w, 64)"""
    memory: NDArray[np.int32]
    """(h, w, 64)"""
    context: NDArray[np.int16]
    """(h, w, 64): z1"""


def new_earlier(height: int, width: int) -> Earlier:
    """Before the first iteration."""
    return Earlier(
        first=np.zeros((height + 2, (width + 2) * DEPTH), np.int16),
        state=np.zeros((height, width, DEPTH), np.int16),
        memory=np.zeros((height, width, DEPTH), np.int32),
        context=np.zeros((height, width, DEPTH), np.int16),
    )


def rows_taken_in(known: int, height: int) -> int:
    """How many rows of the context are ready when so many rows of bits are known.

    Each of the two 3×3 convolutions looks one row ahead.
    """
    return height if known == height else max(known - 2, 0)


@compiled
def take_in(model, first, end, bits, earlier, tables):  # type: ignore[no-untyped-def]
    """Take rows first … end − 1 of one more iteration's bits into `earlier`, all before them known.

    What depends on rows still to come is left for the next call: see `rows_taken_in`.
    """
    height, width, _ = earlier.state.shape
    _first_layer(model, max(first - 1, 0), end if end == height else end - 1, bits, earlier.first)
    windows = np.empty((width, 9 * DEPTH), np.int16)
    sums = np.empty((width, DEPTH), np.int32)
    inputs = np.empty((width, 2 * DEPTH), np.int16)
    gates = np.empty((width, GATES), np.int32)
    third = np.empty((width, DEPTH), np.int16)
    for y in range(max(first - 2, 0), end if end == height else end - 2):
        for x in range(width):
            for row in range(3):
                near = earlier.first[y + row, x * DEPTH : (x + 3) * DEPTH]
                windows[x, row * 3 * DEPTH : (row + 1) * 3 * DEPTH] = near
        layer(model.second, model.second_bias, windows, sums)
        clip_all(sums, model.second_fraction, inputs)
        inputs[:, DEPTH:] = earlier.state[y]
        layer(model.gates, model.gate_bias, inputs, gates)
        for x in range(width):
            memory, state = earlier.memory[y, x], earlier.state[y, x]
            lstm(gates[x], model.gate_fraction, memory, state, tables)
        layer(model.third, model.third_bias, earlier.state[y], sums)
        clip_all(sums, model.third_fraction, third)
        layer(model.last, model.last_bias, third, sums)
        clip_all(sums, model.last_fraction, earlier.context[y])


@compiled
def clip_all(sums, fraction, out):  # type: ignore[no-untyped-def]
    """Sums (n, 64) to the first 64 columns of `out`, rounded to the format of a clipped layer."""
    for x in range(len(sums)):
        clip_row(sums[x], fraction, out[x])


@compiled
def _first_layer(model, begin, end, bits, first):  # type: ignore[no-untyped-def]
    """Rows begin … end − 1 of the first layer."""
    width = first.shape[1] // DEPTH - 2
    windows = np.zeros((width, 9 * CODE_DEPTH), np.int16)
    sums = np.empty((width, DEPTH), np.int32)
    span = 3 * CODE_DEPTH
    # The bits have a border of 3 above and on both sides, and none below.
    above, left = ROWS_ABOVE - 1, POSITIONS_LEFT - 1
    for y in range(begin, end):
        for x in range(width):
            start = (left + x) * CODE_DEPTH
            for row in range(3):
                part = windows[x, row * span : (row + 1) * span]
                if above + y + row < len(bits):
                    part[:] = bits[above + y + row, start : start + span]
                else:
                    part[:] = 0
        layer(model.first, model.first_bias, windows, sums)
        inside = first[1 + y, DEPTH : (1 + width) * DEPTH]
        clip_all(sums, model.first_fraction, inside.reshape(width, DEPTH))
