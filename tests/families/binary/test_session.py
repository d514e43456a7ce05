"""The codes that rates choose, for made-up pictures."""

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.errors import InvalidOptionError
from rnn_codec.families.binary.codec import Codes
from rnn_codec.families.binary.entropy.coder import Stream
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.stops import Stops
from rnn_codec.families.binary.session import (
    LEAST_IMPORTANCE,
    BinarySession,
    Coding,
    Cut,
    weights_of,
)
from rnn_codec.models.protocol import BudgetError
from rnn_codec.rates import MSSSIM, PSNR, BitsPerPixel, Bytes, Levels, Quality, Rate
from rnn_codec.rnc.file import Head

ROWS, COLUMNS = 4, 4
EACH = 16  # bytes of a row of 4 positions, 32 bits each
CHECK = 3  # bytes of a check value
ITERATION = ROWS * EACH + CHECK
CUT = 2  # additional bytes of a stream that ends within an iteration
HEADER = 20
MOST = 16


class MadeUp(BinarySession):
    """64×64 pixels, without entropy coding; distortion differs widely between positions.

    Args:
        gain: the factor on the tables' distortions in codes with stops.
    """

    head = Head(2, bytes(6), 64, 64)
    codec = SimpleNamespace(iterations=MOST)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain
        self.codings = 0
        start = np.exp(np.random.default_rng(1).normal(3, 2, (ROWS, COLUMNS)))
        self.table = start * 0.7 ** np.arange(MOST + 1)[:, None, None]

    def coded(self, iterations: int) -> Coding:
        return self._coding(iterations, None, self.table[: iterations + 1])

    def coded_with(self, stops: Stops) -> Coding:
        self.codings += 1
        most = int(stops.max())
        assert most > 0
        return self._coding(most, stops, self.gain * self.table[: most + 1])

    def _file_bytes(self, stream_bytes: int, cut: bool) -> int:
        return HEADER + stream_bytes + CUT * cut

    def _file(self, coding: Coding, cut: Cut, reached: bool = True) -> tuple[Coding, Cut, bool]:
        return coding, cut, reached

    def scores(self, quality: Quality) -> Iterator[float]:
        return (self._score(table.sum()) for table in self.table[1:])

    def score(self, coding: Coding, quality: Quality) -> float:
        return self._score(coding.total_distortion(Cut(coding.iterations)))

    @staticmethod
    def _score(off: float) -> float:
        return 40 - 10 * math.log10(off)

    @staticmethod
    def _coding(iterations: int, stops: Stops | None, table: np.ndarray) -> Coding:
        bits = np.random.default_rng(0).random((iterations, 32, ROWS, COLUMNS)) < 0.5
        stream: Stream = NoneCoder().encode(bits, 0, stops)
        of_tensor = None if stops is None else torch.from_numpy(stops)[None]
        codes = Codes(torch.from_numpy(bits)[:, None], 64, 64, stops=of_tensor)
        return Coding(codes, stream, table)


class Alike(MadeUp):
    """All positions have the same distortion, so stops bring no advantage."""

    def __init__(self) -> None:
        super().__init__(gain=1.5)
        self.table = np.full((ROWS, COLUMNS), 9.0) * 0.7 ** np.arange(MOST + 1)[:, None, None]


def length(picture: MadeUp, coding: Coding, cut: Cut) -> int:
    """The length of the file in bytes."""
    return picture._file_bytes(coding.end(cut), cut.rows > 0)


def test_iterations_are_those_asked_for() -> None:
    coding, cut, reached = MadeUp().first(5)
    assert (coding.codes.stops, cut, reached) == (None, Cut(5), True)
    assert coding.iterations == 5
    with pytest.raises(InvalidOptionError, match="1 … 16"):
        MadeUp().first(17)


@pytest.mark.parametrize(
    ("count", "cut"),
    [
        (HEADER + EACH + CUT, Cut(0, 1)),
        (HEADER + 2 * EACH + CUT - 1, Cut(0, 1)),
        (HEADER + ITERATION - 1, Cut(0, ROWS)),
        (HEADER + ITERATION, Cut(1)),
        (HEADER + ITERATION + CUT, Cut(1)),
        (HEADER + ITERATION + EACH + CUT, Cut(1, 1)),
        (HEADER + MOST * ITERATION - 1, Cut(MOST - 1, ROWS)),
        (HEADER + MOST * ITERATION, Cut(MOST)),
        (10**6, Cut(MOST)),
    ],
)
def test_a_uniform_code_ends_after_the_last_row_that_fits(count: int, cut: Cut) -> None:
    coding, found, _ = Alike().within(count)
    assert (coding.codes.stops, found) == (None, cut)


@given(st.integers(HEADER + EACH + CUT, HEADER + MOST * ITERATION))
def test_a_budget_is_kept_and_used(count: int) -> None:
    picture = MadeUp()
    coding, cut, _ = picture.within(count)
    used = length(picture, coding, cut)
    assert used <= count
    # An iteration of a position takes four bytes, a jump along the convex hull several times that.
    assert count - used < 3 * EACH + CHECK
    assert picture.codings <= 2


def test_bits_go_where_they_help() -> None:
    picture = MadeUp()
    coding, cut, _ = picture.within(HEADER + 6 * ITERATION)
    uniform = picture.coded(6)
    assert coding.codes.stops is not None
    assert coding.total_distortion(cut) < 0.75 * uniform.total_distortion(Cut(6))
    by_need = np.argsort(picture.table[0].ravel())
    stops = coding.codes.stops[0].numpy().ravel()[by_need]
    assert (np.diff(stops) >= 0).all()


def test_a_coding_that_is_too_long_is_made_again() -> None:
    """The second coding takes more bytes than its costs predict."""

    class Dearer(MadeUp):
        def _file_bytes(self, stream_bytes: int, cut: bool) -> int:
            return HEADER + stream_bytes + CUT * cut + 40 * (self.codings > 0)

    picture = Dearer()
    coding, cut, _ = picture.within(400)
    assert picture.codings == 2
    assert coding.codes.stops is not None
    assert 370 < length(picture, coding, cut) <= 400


@given(st.integers(1, 10**8), st.integers(1, 10**9))
def test_the_rate_of_a_file_is_a_budget_of_its_length(length: int, pixels: int) -> None:
    assert BitsPerPixel(8 * length / pixels).bytes_for(pixels) == length


@pytest.mark.parametrize("size", [HEADER + EACH + CUT - 1, 1, 0])
def test_a_budget_that_holds_nothing_says_what_would(size: int) -> None:
    with pytest.raises(BudgetError, match=r"allow 38 bytes \(0.0742 bits per pixel\)"):
        Alike().within(size)


@pytest.mark.parametrize("rate", [PSNR(20), PSNR(25), PSNR(30.3)])
@pytest.mark.parametrize("gain", [0.8, 1.0, 1.3])
def test_a_target_is_met_to_its_tolerance_in_less_than_a_uniform_code(
    rate: PSNR, gain: float
) -> None:
    picture = MadeUp(gain)
    coding, cut, reached = picture.reaching(rate)
    assert reached
    assert coding.codes.stops is not None
    assert cut == Cut(coding.iterations)
    assert rate.least - 0.05 <= picture._score(coding.total_distortion(cut)) <= rate.least + 1.0
    assert picture.codings <= 2
    uniform = next(n for n, score in enumerate(picture.scores(rate), 1) if score >= rate.least)
    assert length(picture, coding, cut) < length(picture, picture.coded(MOST), Cut(uniform))


def test_a_target_ends_where_a_uniform_code_reaches_it_if_that_is_shorter() -> None:
    picture = Alike()
    scores = list(picture.scores(PSNR(1)))
    coding, cut, reached = picture.reaching(PSNR(scores[6]))
    assert (coding.codes.stops, cut, reached) == (None, Cut(7), True)


def test_a_target_out_of_reach_takes_all_and_says_so() -> None:
    coding, cut, reached = MadeUp().reaching(PSNR(99))
    assert (coding.codes.stops, cut, reached) == (None, Cut(MOST), False)


def test_how_far_a_cut_is_off() -> None:
    picture = MadeUp()
    stops = np.array([[0, 1, 2, 3]] * 4, np.int32)
    coding, table = picture.coded_with(stops), picture.table
    sent = np.minimum(stops, np.array([[3], [2], [2], [2]]))
    expected = sum(table[sent[y, x], y, x] for y in range(4) for x in range(4))
    assert coding.total_distortion(Cut(2, 1)) == pytest.approx(expected)
    assert picture.coded(3).total_distortion(Cut(1, 2)) == pytest.approx(
        table[2, :2].sum() + table[1, 2:].sum()
    )


def test_losses_fall_with_scores() -> None:
    assert PSNR(30).loss(20) == pytest.approx(10 * PSNR(30).loss(30))
    assert MSSSIM(0.9).loss(0.98) == pytest.approx(0.02)
    assert MSSSIM(0.9).tolerance == pytest.approx(0.001)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Levels(0),
        lambda: Bytes(0),
        lambda: BitsPerPixel(0),
        lambda: BitsPerPixel(math.inf),
        lambda: BitsPerPixel(math.nan),
        lambda: PSNR(0),
        lambda: PSNR(100.1),
        lambda: PSNR(math.nan),
        lambda: MSSSIM(0),
        lambda: MSSSIM(1.1),
    ],
)
def test_rates_that_mean_nothing(make: Callable[[], Rate]) -> None:
    with pytest.raises(InvalidOptionError):
        make()


def test_importance_is_the_mean_of_the_mask_at_each_position() -> None:
    mask = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    found = weights_of(mask, 40, 50, patch=16)
    assert found.shape == (3, 4)
    assert found[1, 2] == pytest.approx(mask[16:32, 32:48].mean() / 255)
    # The picture is padded by repeating its last rows and columns, and so is the mask.
    rows, columns = np.minimum(np.arange(32, 48), 39), np.minimum(np.arange(48, 64), 49)
    assert found[2, 3] == pytest.approx(mask[np.ix_(rows, columns)].mean() / 255)


def test_black_counts_a_little() -> None:
    assert (weights_of(np.zeros((16, 16), np.uint8), 16, 16, patch=32) == LEAST_IMPORTANCE).all()
