"""Every coder's stream: round trips, prefixes, corruption."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codec.coding.range_coder import LEAST_PROBABILITY, PROBABILITY_BITS
from rnn_codec.families.binary.entropy.coder import (
    CHECK_BITS,
    CorruptStreamError,
    EntropyCoder,
    StreamShape,
)
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration
from rnn_codec.families.binary.format import MOST_BITS_PER_BYTE

CODERS = ["none", "single_iteration", "progressive"]


@cache
def coder(name: str) -> EntropyCoder:
    torch.manual_seed(0)
    if name == "none":
        return NoneCoder()
    model = {"single_iteration": SingleIteration, "progressive": Progressive}[name](4)
    with torch.no_grad():
        # Larger than training makes them, so that layers clip and summaries saturate.
        for parameter in model.parameters():
            parameter.mul_(3.0).add_(torch.randn_like(parameter) / 20)
    return model.quantise()


def make_bits(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    iterations, height, width = shape
    return np.random.default_rng(seed).random((iterations, 32, height, width)) < 0.5


SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))


@pytest.mark.parametrize("name", CODERS)
@settings(deadline=None, max_examples=25)
@given(shape=SHAPES, seed=st.integers(0, 2**32 - 1), adaptive=st.booleans())
def test_round_trip(name: str, shape: tuple[int, int, int], seed: int, adaptive: bool) -> None:
    bits, stops = make_bits(shape, seed), None
    if adaptive:
        stops = np.random.default_rng(seed).integers(0, shape[0] + 1, shape[1:]).astype(np.int32)
        bits &= (np.arange(shape[0])[:, None, None] < stops)[:, None]
    stream = coder(name).encode(bits, seed, stops)
    arrived = coder(name).decode(stream.data, StreamShape(*shape, adaptive), seed)
    assert np.array_equal(arrived.bits, bits)
    assert (arrived.iterations, arrived.rows) == (shape[0], 0)
    assert len(stream.data) == stream.iteration_ends[-1]
    if adaptive:
        assert np.array_equal(arrived.stops, stops)
        assert name != "none" or stream.costs.sum() == 32 * stops.sum()


@pytest.mark.parametrize("name", CODERS)
def test_every_prefix_gives_the_rows_that_the_stream_says(name: str) -> None:
    bits = make_bits((3, 4, 3), 5)
    stream = coder(name).encode(bits, 5)
    for length in range(len(stream.data) + 1):
        arrived = coder(name).decode(stream.data[:length], StreamShape(3, 4, 3, adaptive=False), 5)
        whole = int((stream.iteration_ends <= length).sum())
        assert arrived.iterations == whole
        rows = int((stream.row_ends[whole] <= length).sum()) if whole < 3 else 0
        assert arrived.rows == rows
        assert np.array_equal(arrived.bits[:whole], bits[:whole])
        if rows:
            assert len(arrived.bits) == whole + 1
            assert np.array_equal(arrived.bits[whole, :, :rows], bits[whole, :, :rows])
            assert not arrived.bits[whole, :, rows:].any()
        else:
            assert len(arrived.bits) == whole


@pytest.mark.parametrize("name", CODERS)
def test_a_changed_byte_is_found(name: str) -> None:
    shape = (3, 3, 4)
    stream = coder(name).encode(make_bits(shape, 2), 2)
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(400):
        data = bytearray(stream.data)
        data[rng.integers(len(data) - 1)] ^= int(rng.integers(1, 256))
        try:
            arrived = coder(name).decode(bytes(data), StreamShape(*shape, adaptive=False), 2)
        except CorruptStreamError:
            continue
        missed += arrived.iterations == shape[0]
    # Nothing depends on some bits of the last byte; the check value misses one error in 16777216.
    assert missed <= 1


@pytest.mark.parametrize("name", CODERS)
def test_the_seed_ties_a_stream_to_its_header(name: str) -> None:
    stream = coder(name).encode(make_bits((1, 2, 2), 0), 1)
    with pytest.raises(CorruptStreamError, match="iteration 1"):
        coder(name).decode(stream.data, StreamShape(1, 2, 2, adaptive=False), 2)


def test_no_coding_costs_one_bit_a_bit_and_the_check_values() -> None:
    bits = make_bits((4, 8, 8), 0)
    assert len(NoneCoder().encode(bits, 0).data) <= bits.size // 8 + 4 * CHECK_BITS // 8 + 2


def test_the_most_bits_a_byte_holds() -> None:
    cheapest = -np.log2(1 - LEAST_PROBABILITY / 2**PROBABILITY_BITS)
    assert 8 / cheapest < MOST_BITS_PER_BYTE < 8 / cheapest * 1.01
