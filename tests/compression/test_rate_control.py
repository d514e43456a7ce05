"""Where rates stop, on streams made up for the purpose."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rnn_codec.compression.rate_control import (
    MSSSIM,
    PSNR,
    BitsPerPixel,
    BudgetError,
    Bytes,
    Iterations,
    Picture,
    Rate,
    Stop,
)
from rnn_codec.entropy.coder import Stream
from rnn_codec.errors import InvalidOptionError

ROWS = 4
EACH = 10  # bytes a row
CHECK = 2  # bytes of a check value
ITERATION = ROWS * EACH + CHECK
CUT = 3  # bytes more for a stream that ends within an iteration
HEADER = 20


class EvenPicture(Picture):
    """Every row costs 10 bytes, every check value 2, a cut 3, the header 20; 256×64 pixels."""

    pixels = 256 * 64

    def __init__(self) -> None:
        self.coded: list[int] = []

    def stream(self, iterations: int) -> Stream:
        self.coded.append(iterations)
        starts = ITERATION * np.arange(iterations)
        row_ends = starts[:, None] + EACH * np.arange(1, ROWS + 1)
        return Stream(bytes(ITERATION * iterations), row_ends, starts + ITERATION)

    def file_bytes(self, stream_bytes: int, cut: bool) -> int:
        return HEADER + stream_bytes + CUT * cut

    def scores(self, metric: Callable[[Tensor, Tensor], Tensor]) -> Iterator[float]:
        return iter(np.linspace(0.5, 0.95, 16))


def test_iterations_are_those_asked_for() -> None:
    assert Iterations(5).stop(EvenPicture()) == Stop(5)


@pytest.mark.parametrize(
    ("count", "stop"),
    [
        (HEADER + EACH + CUT, Stop(0, 1)),
        (HEADER + 2 * EACH + CUT - 1, Stop(0, 1)),
        (HEADER + ITERATION - 1, Stop(0, ROWS - 1)),
        (HEADER + ITERATION, Stop(1)),
        (HEADER + ITERATION + CUT, Stop(1)),
        (HEADER + ITERATION + EACH + CUT, Stop(1, 1)),
        (HEADER + 16 * ITERATION - 1, Stop(15, ROWS - 1)),
        (HEADER + 16 * ITERATION, Stop(16)),
        (10**6, Stop(16)),
    ],
)
def test_a_budget_ends_after_the_last_row_that_fits(count: int, stop: Stop) -> None:
    assert Bytes(count).stop(EvenPicture()) == stop


@given(st.integers(HEADER + EACH + CUT, 2 * HEADER + 16 * ITERATION))
def test_a_budget_is_kept_and_used(count: int) -> None:
    stop = Bytes(count).stop(EvenPicture())
    used = HEADER + stop.iterations * ITERATION + stop.rows * EACH + CUT * (stop.rows > 0)
    assert used <= count
    assert count - used < EACH + CUT or stop == Stop(16)


def test_bits_per_pixel_are_those_of_the_whole_file() -> None:
    rate = BitsPerPixel(8 * (HEADER + 2 * EACH + CUT) / EvenPicture.pixels)
    assert rate.stop(EvenPicture()) == Stop(0, 2)


@given(st.integers(1, 10**8), st.integers(1, 10**9))
def test_the_rate_of_a_file_is_a_budget_of_its_length(length: int, pixels: int) -> None:
    assert BitsPerPixel(8 * length / pixels).bytes_for(pixels) == length


@pytest.mark.parametrize("rate", [Bytes(HEADER + EACH + CUT - 1), Bytes(1), BitsPerPixel(1e-9)])
def test_a_budget_that_holds_nothing_says_what_would(rate: Rate) -> None:
    with pytest.raises(BudgetError, match=r"allow 33 bytes \(0.0161 bits per pixel\)"):
        rate.stop(EvenPicture())


def test_a_small_budget_runs_few_iterations() -> None:
    class Ordinary(EvenPicture):
        pixels = 2560  # rows and check values cost about 1/8 bit per pixel

    picture = Ordinary()
    Bytes(HEADER + ITERATION).stop(picture)
    assert picture.coded == [4]


@pytest.mark.parametrize(
    ("rate", "iterations"), [(PSNR(0.5), 1), (MSSSIM(0.51), 2), (PSNR(0.9), 15)]
)
def test_a_target_ends_where_it_is_reached(rate: Rate, iterations: int) -> None:
    assert rate.stop(EvenPicture()) == Stop(iterations)


def test_a_target_out_of_reach_takes_all_and_says_so() -> None:
    assert PSNR(99).stop(EvenPicture()) == Stop(16, reached=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Iterations(0),
        lambda: Iterations(17),
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
