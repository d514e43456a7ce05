"""Flags for the positions that continue: exact, causal and cheap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnn_codec.coding.range_coder import LEAST_PROBABILITY, finish, start_decoder, start_encoder
from rnn_codec.families.binary.adaptation import plain_entropy
from rnn_codec.families.binary.entropy.stops import (
    FIRST_PROBABILITIES,
    MOST_SEEN,
    SEEN_AT_FIRST,
    Flags,
    Stops,
    first_flags,
    flags_of_all,
    get_flags,
    next_flags,
    put_flags,
    with_stops,
)

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
PATTERNS = SIZES.flatmap(lambda size: arrays(np.int32, size, elements=st.integers(0, 5)))


def coded(stops: Stops) -> tuple[bytes, Flags]:
    """The code of the flags of all iterations alone, and the statistics learnt from them."""
    state, out = start_encoder(), np.zeros(stops.size * 64 + 64, np.uint8)
    flags = first_flags(*stops.shape)
    for iteration in range(int(stops.max())):
        flags = with_stops(flags, iteration, stops)
        for y in range(len(stops)):
            put_flags(flags, y, state, out)
        flags = next_flags(flags)
    return out[: finish(state, out)].tobytes(), flags


def by_the_book(stops: Stops) -> tuple[float, list[int], list[int]]:
    """Bits, probabilities and flags seen, by docs/file-format.md in plain Python."""
    height, width = stops.shape
    p, n = list(FIRST_PROBABILITIES), [SEEN_AT_FIRST] * 9
    bits = 0.0
    for t in range(int(stops.max())):
        for y in range(height):
            for x in range(width):
                if stops[y, x] < t:
                    continue
                north = y == 0 or stops[y - 1, x] > t
                west = x == 0 or stops[y, x - 1] > t
                east = x == width - 1 or stops[y, x + 1] >= t
                south = y == height - 1 or stops[y + 1, x] >= t
                k = 3 * (int(north) + int(west)) + int(east) + int(south)
                one = min(max(p[k], LEAST_PROBABILITY), 65536 - LEAST_PROBABILITY) / 65536
                goes_on = bool(stops[y, x] > t)
                bits -= np.log2(one if goes_on else 1 - one)
                p[k] += ((65536 * goes_on - p[k]) * (131072 // (2 * n[k] + 3))) >> 16
                n[k] = min(n[k] + 1, MOST_SEEN)
    return bits, p, n


@given(PATTERNS)
def test_flags_are_coded_as_the_specification_says(stops: Stops) -> None:
    data, flags = coded(stops)
    bits, probabilities, seen = by_the_book(stops)
    assert flags.probabilities.tolist() == probabilities
    assert flags.seen.tolist() == seen
    assert bits - 1 <= 8 * len(data) <= bits + 0.001 * bits + 33


def test_flags_that_have_not_arrived() -> None:
    stops = np.random.default_rng(0).integers(0, 3, (20, 20)).astype(np.int32)
    data = np.frombuffer(coded(stops)[0][:10], np.uint8)
    state, flags = start_decoder(data), first_flags(20, 20)
    arrived = [get_flags(flags, y, state, data) for y in range(20)]
    rows = arrived.index(False)
    assert 0 < rows < 20
    assert np.array_equal(flags.alive[:rows], stops[:rows] > 0)


def test_a_stream_without_stops_has_no_flags() -> None:
    flags, state = flags_of_all(3, 4), start_encoder()
    for y in range(3):
        put_flags(flags, y, state, np.zeros(8, np.uint8))
    assert np.array_equal(state, start_encoder())
    assert flags.alive.all()
    assert get_flags(flags, 0, start_decoder(np.zeros(0, np.uint8)), np.zeros(0, np.uint8))


def blobs(size: int, seed: int) -> Stops:
    """Stops like those of photographs: similar at neighbouring positions."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 17, (size // 8 + 1, size // 8 + 1))
    smooth = np.kron(coarse, np.ones((8, 8)))[:size, :size] + rng.integers(-1, 2, (size, size))
    return smooth.clip(0, 20).astype(np.int32)


@pytest.mark.parametrize("seed", range(4))
def test_flags_cost_less_than_their_plain_entropy_where_neighbours_are_alike(seed: int) -> None:
    stops = blobs(40, seed)
    assert 8 * len(coded(stops)[0]) < 0.9 * plain_entropy(stops)


@settings(deadline=None, max_examples=40)
@given(share=st.floats(0.02, 0.98), most=st.integers(1, 24), seed=st.integers(0, 999))
def test_flags_cost_no_more_than_two_per_cent_above_their_plain_entropy(
    share: float, most: int, seed: int
) -> None:
    """Even where neighbours carry no information. Learning the nine probabilities costs some bits
    for each."""
    draws = np.random.default_rng(seed).geometric(1 - share, (64, 64)) - 1
    stops = draws.clip(max=most).astype(np.int32)
    assert 8 * len(coded(stops)[0]) <= 1.02 * plain_entropy(stops) + 9 * 6 + 32
