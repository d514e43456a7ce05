"""A group decodes from its code; from part of the code, up to the last complete segment."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import EndOfCodeError
from rnn_codec.families.wavelet.group import PROBABILITIES, GroupCode
from rnn_codec.families.wavelet.symbols import Read, Symbols, Written

Mask = NDArray[np.bool_]


class Content(NamedTuple):
    logits: NDArray[np.uint8]
    significant: Mask
    bits: Mask
    positive: Mask
    exists: Mask | None


@st.composite
def contents(draw: st.DrawFn) -> Content:
    height, width, count = (draw(st.integers(1, most)) for most in (9, 9, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = height, width, count
    exists = rng.random(height * width * count) < 0.8 if draw(st.booleans()) else None
    bits = rng.random(size) < 0.4
    if exists is not None:
        bits &= exists.reshape(size)
    significant = rng.random(size) < 0.3
    logits = rng.integers(0, 256, (height, width, 3 * count), np.uint8)
    return Content(logits, significant, bits, rng.random(size) < 0.5, exists)


def coded(symbols: Symbols, content: Content, length: int) -> tuple[GroupCode, list[int]]:
    """Code all segments, or those that have arrived; return also where each ends."""
    logits, significant, bits, positive, exists = content
    code = GroupCode(symbols, logits, significant, bits.copy(), positive.copy(), exists)
    ends = []
    size = content.bits.size
    for start in range(0, size, length):
        end = min(start + length, size)
        try:
            code.code(end)
        except EndOfCodeError:
            break
        ends.append(end)
    return code, ends


@given(contents(), st.integers(1, 200), st.data())
def test_what_arrives_is_what_was_coded(content: Content, length: int, data: st.DataObject) -> None:
    written = Written(0)
    coded(written, content, length)
    stream = written.encoder.code()
    size = data.draw(st.integers(0, len(stream)))
    unknown = content._replace(bits=np.zeros_like(content.bits), positive=content.significant)
    read = Read(stream[:size], 0, whole=size == len(stream))
    found, ends = coded(read, unknown, length)
    if size == len(stream):
        assert ends[-1] == content.bits.size
    arrived = np.arange(content.bits.size).reshape(content.bits.shape) < (ends or [0])[-1]
    bits, positive, negative = found.told()
    new = content.bits & ~content.significant & arrived
    assert np.array_equal(bits, content.bits & arrived)
    assert np.array_equal(positive, new & content.positive)
    assert np.array_equal(negative, new & ~content.positive)


def test_each_bit_has_the_logit_that_is_its_own() -> None:
    """The logit of the next bit for significant coefficients, of significance for others."""
    asked: list[NDArray[np.float64]] = []

    class Asked:
        def code(self, truth: Mask, probabilities: NDArray[np.float64]) -> Mask:
            asked.append(probabilities)
            return truth

        def plane_coded(self, plane: int, so_far: object) -> None:
            raise AssertionError

    logits = np.arange(12, dtype=np.uint8).reshape(1, 2, 6)
    significant = np.array([[[False, True], [True, False]]])
    bits = np.array([[[True, True], [False, True]]])
    code = GroupCode(Asked(), logits, significant, bits, bits.copy(), None)
    code.code(4)
    of_bits, of_signs = asked
    assert np.array_equal(of_bits, PROBABILITIES[[0, 3, 8, 7]])
    assert np.array_equal(of_signs, PROBABILITIES[[4, 11]])


def test_probabilities_are_logistic() -> None:
    exact = 1 / (1 + np.exp((128 - np.arange(256)) / 16))
    assert PROBABILITIES[:, 1] == pytest.approx(exact, abs=2**-17)
    assert np.all(PROBABILITIES.sum(1) == 1)
    assert PROBABILITIES.min() * 2**16 == 22
