"""Mean curves, areas and interpolation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.evaluation.curve import (
    Curve,
    UnequalPointsError,
    areas_under,
    mean_curve,
    quality_at,
)
from rnn_codec.evaluation.measurement import Measurement


def measured(image: str, point: float, bpp: float = 1.0, psnr: float = 30.0) -> Measurement:
    return Measurement(image, point, bpp, {"psnr": psnr, "ms_ssim": psnr / 100})


def test_averages_each_point_over_the_images_in_ascending_order() -> None:
    curve = mean_curve(
        [
            measured("a", 2, 0.3, 32),
            measured("b", 1, 0.2, 24),
            measured("b", 2, 0.5, 26),
            measured("a", 1, 0.1, 30),
        ]
    )
    assert curve.point == (1, 2)
    assert curve.bpp == pytest.approx((0.15, 0.4))
    assert curve.scores["psnr"] == pytest.approx((27, 29))
    assert curve.scores["ms_ssim"] == pytest.approx((0.27, 0.29))


def test_averages_decibels_not_errors() -> None:
    curve = mean_curve([measured("a", 1, psnr=20), measured("b", 1, psnr=40)])
    pooled = -10 * math.log10((10**-2 + 10**-4) / 2)
    assert curve.scores["psnr"] == (30.0,)
    assert curve.scores["psnr"][0] - pooled > 6


@given(st.permutations([measured(i, p, p / 8, 20 + p) for i in "abc" for p in range(1, 5)]))
def test_the_order_of_measurements_does_not_matter(measurements: list[Measurement]) -> None:
    assert mean_curve(measurements).scores["psnr"] == pytest.approx((21, 22, 23, 24))


def test_refuses_images_without_the_same_points() -> None:
    with pytest.raises(UnequalPointsError, match="no measurement at point 2 of b, c"):
        mean_curve([measured("a", 1), measured("a", 2), measured("b", 1), measured("c", 1)])


def test_refuses_an_image_that_only_a_later_point_has() -> None:
    with pytest.raises(UnequalPointsError, match="no measurement at point 1 of b"):
        mean_curve([measured("a", 1), measured("a", 2), measured("b", 2)])


def test_refuses_an_image_measured_twice() -> None:
    with pytest.raises(UnequalPointsError, match="several measurements at point 1 of a"):
        mean_curve([measured("a", 1), measured("a", 1), measured("b", 1)])


def test_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="no measurements"):
        mean_curve([])


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
