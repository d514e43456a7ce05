"""BD-rates: against a second computation and against published ones."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from tests.conftest import ROOT

from rnn_codec.metrics.bd_rate import bd_rate
from rnn_codec.metrics.scores import SCORES
from rnn_codec_lab.comparison.published import load_published

JPEG_420 = """
0.169711 0.712071 0.177765 0.725226 0.195419 0.770267 0.215370 0.804750 0.235753 0.835800
0.256078 0.853902 0.276064 0.871161 0.296277 0.880075 0.316295 0.892774 0.336027 0.901061
0.354592 0.908393 0.374512 0.916271 0.391621 0.921438 0.409648 0.926791 0.444940 0.935915
0.492648 0.945165 0.540754 0.951816 0.615095 0.960501 0.722072 0.969001 0.800719 0.973023
0.937917 0.978618 1.041324 0.981264 1.158913 0.983762 1.281542 0.985832 1.416884 0.987774
1.588816 0.989241 1.812230 0.990997 2.072619 0.992315 2.295279 0.993266
2.415936 0.993760 2.540488 0.994149 2.755330 0.994674
"""
"""Bits per pixel and MS-SSIM on Kodak: every few points of the file
results/image_compression/kodak/MS-SSIM_sRGB_RGB/jpeg420.txt in github.com/tensorflow/compression.
"""


@pytest.mark.parametrize(
    ("file", "expected"), [("toderici_2017_curve", -13.3), ("johnston_2018_curve", -42.9)]
)
def test_published_curves_have_their_known_bd_rates(file: str, expected: float) -> None:
    entries = load_published(ROOT / "results" / "published")
    (curve,) = [entry.curve for entry in entries if entry.file == file]
    assert curve is not None
    jpeg = np.array(JPEG_420.split(), dtype=float).reshape(-1, 2)
    own, anchor = (
        SCORES["ms_ssim"].decibels(values) for values in (curve.scores["ms_ssim"], jpeg[:, 1])
    )
    assert bd_rate(curve.bpp, own, jpeg[:, 0], anchor, 0.5) == pytest.approx(expected, abs=0.1)


def test_agrees_with_numerical_integration() -> None:
    rng = np.random.default_rng(0)
    rates, anchor_rates = (np.sort(rng.uniform(0.1, 2, n)) for n in (9, 14))
    quality, anchor = 30 + 5 * np.log(rates), 29 + 6 * np.log(anchor_rates)
    low, high = max(quality[0], anchor[0]), min(quality[-1], anchor[-1])
    grid = np.linspace(low, high, 200_001)
    difference = PchipInterpolator(quality, np.log(rates))(grid) - PchipInterpolator(
        anchor, np.log(anchor_rates)
    )(grid)
    expected = 100 * (np.exp(np.trapezoid(difference, grid) / (high - low)) - 1)
    assert bd_rate(rates, quality, anchor_rates, anchor, 0.1) == pytest.approx(expected, rel=1e-6)


def test_order_of_points_does_not_matter() -> None:
    rates, quality = np.array([0.2, 0.5, 1.0, 2.0]), np.array([25.0, 29.0, 32.0, 35.0])
    shuffled = [2, 0, 3, 1]
    found = bd_rate(1.5 * rates[shuffled], quality[shuffled], rates, quality, 0.5)
    assert found == pytest.approx(50)


def test_too_little_overlap_gives_none() -> None:
    rates = np.array([0.5, 1.0, 2.0])
    curve, anchor = np.array([20.0, 25.0, 30.0]), np.array([28.0, 33.0, 38.0])
    assert bd_rate(rates, curve, rates, anchor, 0.5) is None
    assert bd_rate(rates, curve, rates, anchor, 0.2) is not None
    assert bd_rate(rates, curve, rates, anchor + 2, 0.0) is None
    assert bd_rate(rates, curve, rates, anchor + 9, 0.0) is None


def test_one_rising_point_gives_none() -> None:
    rates = np.array([0.5, 1.0, 2.0])
    assert bd_rate(rates, [30, 30, 29], rates, [20, 25, 31], 0.0) is None
