"""The integer models: equal to a second implementation, and close to the float models."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_codec.coding.range_coder import put_bit, start_decoder, start_encoder
from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy.bit_predictor import BitPredictor
from rnn_codec.families.binary.entropy.coder import Iteration
from rnn_codec.families.binary.entropy.context_model import code_lengths
from rnn_codec.families.binary.entropy.fixed_point import probability_table
from rnn_codec.families.binary.entropy.integer_coder import IntegerCoder
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.quantisation import Tables
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.entropy.stops import Stops, flags_of_all, with_stops

HEIGHT, WIDTH, ITERATIONS = 3, 7, 6
MODELS = [SingleIteration, Progressive]

Integers = NDArray[np.int64]


def spread_weights(model: BitPredictor) -> BitPredictor:
    """Weights larger than training makes them, so that layers clip and summaries saturate."""
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0).add_(torch.randn_like(parameter) / 20)
    return model


def coder_of(model: BitPredictor) -> IntegerCoder:
    coder = model.quantise()
    assert isinstance(coder, IntegerCoder)
    return coder


def random_code() -> tuple[NDArray[np.bool_], Stops]:
    """Bits, and stops at 1 … 6."""
    rng = np.random.default_rng(0)
    bits = rng.random((ITERATIONS, 32, HEIGHT, WIDTH)) < 0.5
    return bits, rng.integers(1, ITERATIONS + 1, (HEIGHT, WIDTH)).astype(np.int32)


def clipped(sums: Integers, fraction: int) -> Integers:
    return ((sums + (1 << (fraction - 10))) >> (fraction - 9)).clip(0, 2048)


def probabilities(tables: Tables, symbols: Integers) -> Integers:
    """The probability of a one for each symbol −512, 0, 512 (T, h, w, 32), by the format's text."""
    count, height, width, depth = symbols.shape
    found = np.zeros_like(symbols)
    # Four iterations of zeros precede the first.
    padded = np.zeros((count + 4, height + 2, width + 2, depth), np.int64)
    summary = np.zeros((height, width, 64), np.int64)
    e = np.zeros((height + 2, width + 2, 64), np.int64)
    weights = {name: np.asarray(table).astype(np.int64) for name, table in tables._asdict().items()}
    table = probability_table()
    for t, y, x in np.ndindex(count, height, width):
        now = padded[t + 4]
        above = [now[y, x], now[y, x + 1], now[y, x + 2]]
        past = [padded[t + 4 - k, y + 1, x + 1] for k in (1, 2, 3, 4)]
        sums = weights["logit_bias"][t] + weights["symbols"][t] @ np.concatenate([*above, *past])
        sums = sums + weights["left_symbols"][t] @ now[y + 1, x]
        window = e[y : y + 3, x : x + 3].reshape(9, 64)
        hidden = weights["hidden_bias"][t] + weights["left"] @ window[3]
        hidden = hidden + weights["around"] @ np.delete(window, 3, axis=0).ravel()
        own = symbols[t, y, x]
        for d in range(depth):
            group, place = divmod(d, 8)
            if place == 0 and group:
                hidden = hidden + weights["hidden_bits"][t, group - 1] @ own[d - 8 : d]
            units = clipped(hidden, tables.hidden_fraction)
            total = sums[d] + weights["logits"][t, group, place] @ units
            assert abs(total) < 1 << 31
            index = (total >> (tables.logit_fraction - 8)) + 2048
            found[t, y, x, d] = table[index.clip(0, 4095)]
            sums = sums + own[d] * weights["bits"][t, d]
        now[y + 1, x + 1] = own
        new = weights["summary"][t] @ own + (1 << (tables.summary_fraction - 13))
        new = (new >> (tables.summary_fraction - 12)) + (weights["kept"][t] * summary[y, x] >> 14)
        summary[y, x] = new.clip(-32767, 32767)
        e[y + 1, x + 1] = clipped(summary[y, x] + weights["summary_bias"][t], 12)
    return found


@pytest.mark.parametrize("model_class", MODELS)
def test_kernels_compute_the_integers_of_the_tables(model_class: type[BitPredictor]) -> None:
    """After each row, the coder's state is that of the same bits coded by the format's text."""
    coder = coder_of(spread_weights(model_class(ITERATIONS)))
    bits, stops = random_code()
    grid = bits.transpose(0, 2, 3, 1)
    alive = np.arange(ITERATIONS)[:, None, None] < stops
    symbols = np.where(grid, 512, -512) * alive[..., None]
    expected = probabilities(coder.tables, symbols)
    memory, state, out = coder.begin(HEIGHT, WIDTH), start_encoder(), np.zeros(10**5, np.uint8)
    plain, written = start_encoder(), np.zeros(10**5, np.uint8)
    for t in range(ITERATIONS):
        flags = with_stops(flags_of_all(HEIGHT, WIDTH), t, stops)
        coded = coder.encode_iteration(Iteration(t, flags, memory, state, out), grid[t])
        for y in range(HEIGHT):
            for x in np.flatnonzero(alive[t, y]):
                for d in range(32):
                    put_bit(plain, written, grid[t, y, x, d], expected[t, y, x, d])
            assert np.array_equal(coded.row_states[y], plain)
    assert np.array_equal(out, written)


@pytest.mark.parametrize("model_class", MODELS)
def test_integers_cost_hardly_more_than_floats(model_class: type[BitPredictor]) -> None:
    model = spread_weights(model_class(ITERATIONS))
    coder = coder_of(model)
    bits, stops = random_code()
    alive = (np.arange(ITERATIONS)[:, None, None] < stops)[:, None]
    symbols = torch.from_numpy(np.where(bits, 1.0, -1.0) * alive).float()[:, None]
    with torch.no_grad():
        # Bits are drawn from the model: there a wrong probability costs most.
        for _ in range(4):
            logits = model(symbols)
            likely = torch.rand_like(logits) < torch.sigmoid(logits)
            symbols = torch.where(likely, 1.0, -1.0) * symbols.abs()
        ideal = float(code_lengths(model(symbols), symbols).sum())
    stream = coder.encode((symbols[:, 0] > 0).numpy(), 0, stops)
    assert stream.costs.sum() == pytest.approx(ideal, rel=0.005)


def test_more_iterations_than_a_coder_knows_are_refused() -> None:
    coder, bits = coder_of(SingleIteration(1)), np.zeros((2, 32, 1, 1), np.bool_)
    with pytest.raises(UserError, match="1 iterations"):
        coder.encode(bits, 0)
    data, flags = np.zeros(8, np.uint8), flags_of_all(1, 1)
    with pytest.raises(UserError, match="1 iterations"):
        coder.decode_iteration(Iteration(1, flags, coder.begin(1, 1), start_decoder(data), data))


def test_weights_that_integers_do_not_hold_are_refused() -> None:
    for name in ("to_hidden", "to_summary", "summary_bias"):
        model = Progressive(1)
        with torch.no_grad():
            getattr(model, name).fill_(1e5)
        with pytest.raises(ValueError, match="too large for integers"):
            model.quantise()


def test_digests_differ_between_weights_and_agree_between_copies() -> None:
    torch.manual_seed(1)
    one = SingleIteration(3)
    digest = coder_of(one).digest()
    assert coder_of(one).digest() == digest
    with torch.no_grad():
        one.logit_bias[2, 31] += 0.01
    assert coder_of(one).digest() != digest
    assert len(digest) == 32
