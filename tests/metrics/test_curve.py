"""Mean curves and areas under them: the paper's number, closed forms and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.metrics.curve import Curve, Samples, area_under_curve, areas_under, quality_at

# Toderici et al. 2017, Residual GRU one-shot without entropy coding: the released MS-SSIM on Kodak.
RELEASED_MS_SSIM = [
    0.8191, 0.9037, 0.93747, 0.95384, 0.96357, 0.97151, 0.97578, 0.97959,
    0.98219, 0.98394, 0.98584, 0.98683, 0.98782, 0.98834, 0.98849, 0.98872,
]  # fmt: skip
EIGHTHS = [k / 8 for k in range(1, 17)]
POINTS = st.lists(
    st.tuples(st.floats(0.01, 4), st.floats(0, 60)),
    min_size=1,
    max_size=12,
    unique_by=lambda p: p[0],
)


def test_reproduces_the_papers_released_curve() -> None:
    assert area_under_curve(EIGHTHS, RELEASED_MS_SSIM) == pytest.approx(1.8116, abs=5e-5)


def test_integrates_a_line_exactly_and_cuts_it_at_the_limits() -> None:
    # ∫ 3x + 1 from 0.125 to 2, from points on both sides of the limits.
    rates = [0.05, 0.7, 1.1, 3.0]
    area = area_under_curve(rates, [3 * rate + 1 for rate in rates])
    assert area == pytest.approx(1.5 * (2**2 - 0.125**2) + 1.875)


@given(POINTS)
def test_agrees_with_a_fine_riemann_sum_in_any_order(points: list[tuple[float, float]]) -> None:
    rates, qualities = (list(column) for column in zip(*points, strict=True))
    ordered = sorted(points)
    edges = np.linspace(0.125, 2, 40_001)
    midpoints = (edges[1:] + edges[:-1]) / 2
    values = np.interp(midpoints, *(np.array(column) for column in zip(*ordered, strict=True)))
    expected = values.mean() * 1.875
    assert area_under_curve(rates, qualities) == pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize(
    ("rates", "qualities"),
    [
        ([], []),
        ([1.0], [1.0, 2.0]),
        ([1.0, float("nan")], [1.0, 2.0]),
        ([1.0, 2.0], [1.0, float("inf")]),
    ],
)
def test_refuses_what_is_no_curve(rates: list[float], qualities: list[float]) -> None:
    with pytest.raises(ValueError, match="curve"):
        area_under_curve(rates, qualities)


def test_rates_and_decibels_are_averaged_over_the_images_not_errors() -> None:
    size = np.array([[800.0], [1600.0]])
    samples = Samples((1,), np.array([[100.0], [100.0]]), size, {"psnr": np.array([[20.0], [40]])})
    curve = samples.mean()
    assert curve.bpp == ((1.0 + 0.5) / 2,)
    assert curve.scores["psnr"] == (30.0,)
    pooled = -10 * math.log10((10**-2 + 10**-4) / 2)
    assert curve.scores["psnr"][0] - pooled > 6


def test_areas_have_the_metrics_names_and_the_papers_limits() -> None:
    curve = Curve((1,), (0.5,), {"psnr": (32.0,), "ms_ssim": (0.9,)})
    assert areas_under(curve) == pytest.approx({"psnr": 60.0, "ms_ssim": 1.6875})


@given(st.floats(0.25, 2.0))
def test_interpolates_linearly_between_points_in_any_order(bpp: float) -> None:
    rates = [2.0, 0.25, 1.0]
    assert quality_at(rates, [5 + 3 * rate for rate in rates], bpp) == pytest.approx(5 + 3 * bpp)


@pytest.mark.parametrize("bpp", [0.249, 2.001])
def test_does_not_extrapolate(bpp: float) -> None:
    assert quality_at([0.25, 2.0], [30.0, 40.0], bpp) is None
