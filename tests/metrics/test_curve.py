"""Mean curves, areas and interpolation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.metrics.curve import Curve, Samples, areas_under, quality_at


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
