"""Check values: when they are due, and the errors that they detect."""

import numpy as np
import pytest

from rnn_codec.coding.bernoulli import EndOfCodeError, of_both
from rnn_codec.families.wavelet.planes import Planes, Shape
from rnn_codec.families.wavelet.symbols import UNCHECKED, Read, Written
from rnn_codec.rnc.fields import BadFileError


def planes(significant: int) -> Planes:
    found = Planes.nothing(Shape(64, 64))
    found.magnitudes[5].reshape(-1)[:significant] = 1
    return found


def test_they_are_due_after_many_new_coefficients() -> None:
    written, lengths = Written(7), []
    for count in (UNCHECKED - 1, UNCHECKED, UNCHECKED + 5, 2 * UNCHECKED):
        before = written.encoder.place
        written.plane_coded(3, planes(count))
        lengths.append(written.encoder.place != before)
    assert lengths == [False, True, False, True]


def test_they_notice_other_coefficients_and_another_seed() -> None:
    written = Written(7)
    written.plane_coded(3, planes(2000))
    code = written.encoder.code()
    read = Read(code, 7, whole=True)
    read.plane_coded(3, planes(2000))
    assert read.checked == 3
    other = planes(2000)
    other.negative[5][0, 0, 0] = True
    for seed, found in ((8, planes(2000)), (7, planes(2001)), (7, other)):
        with pytest.raises(BadFileError, match="check value in its stream"):
            Read(code, seed, whole=True).plane_coded(3, found)


def test_they_may_not_have_arrived() -> None:
    written = Written(7)
    written.plane_coded(3, planes(2000))
    with pytest.raises(EndOfCodeError):
        Read(written.encoder.code()[:1], 7, whole=False).plane_coded(3, planes(2000))


def test_a_stream_without_end_is_not_read_for_ever() -> None:
    read, sure = Read(b"", 0, whole=True), of_both(np.full(1 << 20, 22 / 65536))
    truth = np.zeros(1 << 20, np.bool_)
    read.code(truth, sure)
    with pytest.raises(EndOfCodeError):
        read.code(truth, sure)
