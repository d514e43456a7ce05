"""The range coder against one written from docs/file-format.md, and its prefixes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import (
    PROBABILITY_BITS,
    BitEncoder,
    EndOfCodeError,
    Place,
    PrefixDecoder,
    WholeDecoder,
    certain_after,
    of_both,
)

ONE = 1 << PROBABILITY_BITS


class SlowDecoder:
    """Decodes one bit at a time, in integers."""

    def __init__(self, code: bytes) -> None:
        self.code, self.position = code, 0
        self.value = self.next_word() << 32 | self.next_word()
        self.span = (1 << 64) - 1

    def next_word(self) -> int:
        word = self.code[self.position : self.position + 4].ljust(4, b"\0")
        self.position += 4
        return int.from_bytes(word, "big")

    def get(self, probability: int) -> int:
        # Exactly ⌊(2²⁴ − 2)(1 − p)⌋ + 1.
        zeros = 1 + int(Fraction((2**24 - 2) * (ONE - probability), ONE))
        unit = self.span >> 24
        bound = unit * zeros
        bit = int(self.value >= bound)
        self.value -= bound if bit else 0
        self.span = unit * (2**24 - zeros if bit else zeros)
        while self.span < 1 << 32:
            self.value = self.value << 32 | self.next_word()
            self.span <<= 32
        return bit


@st.composite
def messages(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    count = draw(st.integers(0, 600))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = draw(st.sampled_from([0.02, 0.5, 5]))
    odds = rng.beta(low, 1, count)
    probabilities = np.clip(np.rint(odds * ONE), 22, ONE - 22).astype(np.int64)
    return rng.random(count) * ONE < probabilities, probabilities


def parts(count: int) -> list[slice]:
    return [slice(start, start + 37) for start in range(0, count, 37)]


def encoded(bits: NDArray[np.bool_], probabilities: NDArray[np.int64]) -> tuple[bytes, list[Place]]:
    encoder, places = BitEncoder(), []
    for part in parts(len(bits)):
        encoder.put(bits[part], of_both(probabilities[part] / ONE))
        places.append(encoder.place)
    return encoder.code(), places


@given(messages())
def test_what_is_written_is_read(
    message: tuple[NDArray[np.bool_], NDArray[np.int64]],
) -> None:
    bits, probabilities = message
    code, _ = encoded(bits, probabilities)
    decoder = WholeDecoder(code)
    for part in parts(len(bits)):
        assert np.array_equal(decoder.get(of_both(probabilities[part] / ONE)), bits[part])


@given(messages())
def test_the_specification_reads_it_too(
    message: tuple[NDArray[np.bool_], NDArray[np.int64]],
) -> None:
    bits, probabilities = message
    decoder = SlowDecoder(encoded(bits, probabilities)[0])
    assert [decoder.get(p) for p in probabilities.tolist()] == bits.tolist()


@given(messages())
def test_a_code_is_hardly_longer_than_its_information(
    message: tuple[NDArray[np.bool_], NDArray[np.int64]],
) -> None:
    bits, probabilities = message
    p = probabilities / ONE
    information = -np.log2(np.where(bits, p, 1 - p)).sum() / 8
    assert len(encoded(bits, probabilities)[0]) <= information * 1.01 + 9


@given(messages(), st.data())
def test_a_prefix_gives_what_is_certain_and_nothing_else(
    message: tuple[NDArray[np.bool_], NDArray[np.int64]], data: st.DataObject
) -> None:
    bits, probabilities = message
    code, places = encoded(bits, probabilities)
    size = data.draw(st.integers(0, len(code)))
    ends = [certain_after(code, place) for place in places]
    assert ends == sorted(ends)
    decoder = PrefixDecoder(code[:size])
    for part, end in zip(parts(len(bits)), ends, strict=True):
        if end > size:
            with pytest.raises(EndOfCodeError):
                decoder.get(of_both(probabilities[part] / ONE))
            return
        assert np.array_equal(decoder.get(of_both(probabilities[part] / ONE)), bits[part])


@given(messages(), st.data(), st.binary(max_size=12))
def test_what_follows_does_not_matter(
    message: tuple[NDArray[np.bool_], NDArray[np.int64]], data: st.DataObject, behind: bytes
) -> None:
    bits, probabilities = message
    code, places = encoded(bits, probabilities)
    if not places:
        return
    index = data.draw(st.integers(0, len(places) - 1))
    decoder = WholeDecoder(code[: certain_after(code, places[index])] + behind)
    for part in parts(len(bits))[: index + 1]:
        assert np.array_equal(decoder.get(of_both(probabilities[part] / ONE)), bits[part])


def test_nothing_takes_no_bytes() -> None:
    assert BitEncoder().code() == b""
    assert WholeDecoder(b"").get(np.zeros((0, 2))).size == 0
    with pytest.raises(EndOfCodeError):
        PrefixDecoder(b"").get(np.array([[0.5, 0.5]]))


def test_places_count_in_codes_that_go_on() -> None:
    rng = np.random.default_rng(3)
    even = np.full((1000, 2), 0.5)
    encoder = BitEncoder()
    encoder.put(rng.random(1000) < 0.5, even)
    place = encoder.place
    encoder.put(rng.random(1000) < 0.5, even)
    # A thousand even bits are 125 bytes; the next byte may be needed to decide the last bit.
    assert 125 <= certain_after(encoder.code(), place) <= 126
