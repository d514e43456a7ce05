"""The range coder: exact round trips, prefixes, and a size that another coder agrees with."""

import constriction
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.coding import range_coder as rc

ONE = 1 << rc.PROBABILITY_BITS
PROBABILITIES = st.integers(rc.LEAST_PROBABILITY, ONE - rc.LEAST_PROBABILITY)
CODED = st.lists(st.tuples(st.booleans(), PROBABILITIES), max_size=120)


def encode(coded: list[tuple[bool, int]]) -> tuple[bytes, list[int]]:
    """The bytes, and how many of them make each bit certain."""
    out, state = np.zeros(rc.capacity(len(coded)), np.uint8), rc.start_encoder()
    states = []
    for bit, probability in coded:
        rc.put_bit(state, out, bit, probability)
        states.append(state.copy())
    data = out[: rc.finish(state, out)]
    ends = [rc.certain_after(data, int(place), int(low), int(span)) for low, span, place in states]
    return data.tobytes(), ends


def decode(data: bytes, probabilities: list[int]) -> list[bool]:
    """The bits before the first that has not arrived."""
    received = np.frombuffer(data, np.uint8)
    state = rc.start_decoder(received)
    bits = []
    for probability in probabilities:
        bit = rc.get_bit(state, received, probability)
        if bit == rc.NOT_ARRIVED:
            break
        bits.append(bool(bit))
    return bits


def ideal_bytes(bits: NDArray[np.bool_], probabilities: NDArray[np.int64]) -> float:
    p = np.where(bits, probabilities, ONE - probabilities) / ONE
    return float(-np.log2(p).sum() / 8)


@example([(False, rc.LEAST_PROBABILITY), (False, 65279)])  # to the interval's very end
@example([(True, rc.LEAST_PROBABILITY)] * 9)
@settings(max_examples=500)
@given(CODED)
def test_every_prefix_decodes_exactly_what_is_certain(coded: list[tuple[bool, int]]) -> None:
    data, ends = encode(coded)
    bits, probabilities = [bit for bit, _ in coded], [p for _, p in coded]
    assert decode(data, probabilities) == bits
    for length in range(len(data) + 1):
        certain = sum(end <= length for end in ends)
        assert decode(data[:length], probabilities) == bits[:certain]


@given(CODED, st.binary(max_size=6))
def test_what_follows_the_code_does_not_matter(coded: list[tuple[bool, int]], rest: bytes) -> None:
    data, _ = encode(coded)
    assert decode(data + rest, [p for _, p in coded]) == [bit for bit, _ in coded]


@pytest.mark.parametrize("concentration", [0.1, 0.5, 5.0])
def test_size_is_ideal_and_agrees_with_constriction(concentration: float) -> None:
    rng = np.random.default_rng(0)
    n = 20_000
    p = (rng.beta(concentration, concentration, n) * ONE).astype(np.int64)
    p = p.clip(rc.LEAST_PROBABILITY, ONE - rc.LEAST_PROBABILITY)
    bits = rng.random(n) < p / ONE
    size = len(encode(list(zip(bits.tolist(), p.tolist(), strict=True)))[0])
    assert ideal_bytes(bits, p) <= size <= ideal_bytes(bits, p) * 1.0005 + 4
    other = constriction.stream.queue.RangeEncoder()
    model = constriction.stream.model.Bernoulli(perfect=False)
    other.encode(bits.astype(np.int32), model, p / ONE)
    assert size == pytest.approx(4 * len(other.get_compressed()), rel=0.001, abs=8)


def test_a_carry_runs_through_bytes_of_ones() -> None:
    # Zeros of tiny probability lift `low` towards the end of the interval until it overflows.
    coded = [(False, ONE - rc.LEAST_PROBABILITY)] * 40
    data, _ = encode(coded)
    assert data.startswith(b"\xff")
    assert decode(data, [p for _, p in coded]) == [False] * 40


def test_capacity_holds_the_most_expensive_bits() -> None:
    coded = [(False, ONE - rc.LEAST_PROBABILITY)] * 1000
    assert len(encode(coded)[0]) <= rc.capacity(1000)
