"""Validation curves: rates and quality rise, and both are those of the decoded coefficients."""

import pytest
import torch

from rnn_codec.families.wavelet.layout import SCALES
from rnn_codec.families.wavelet.prior.arithmetic import Smooth
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.training.coefficients import transformed
from rnn_codec.families.wavelet.training.validation import RATES, MeanCurve, coded, curve_of
from tests.families.wavelet.training.pictures import crops
from tests.families.wavelet.training.test_prior_module import make_module


def test_a_curve_rises_beyond_the_highest_rate() -> None:
    curve = curve_of(make_module().prior, Smooth(), crops(1, 192)[..., :170, :181])
    assert list(curve.bpp) == sorted(curve.bpp)
    assert curve.bpp[0] < 0.5
    assert curve.bpp[-1] > 2
    scores = curve.scores["psnr"]
    assert len(scores) == len(curve.bpp)
    assert scores[-1] - scores[0] > 5
    assert all(0 < score <= 1 for score in curve.scores["ms_ssim"])


def test_a_flat_picture_has_a_curve() -> None:
    grey = torch.full((1, 3, 192, 192), 77, dtype=torch.uint8)
    curve = curve_of(make_module().prior, Smooth(), grey)
    assert len(curve.bpp) >= 1
    assert curve.scores["psnr"][-1] > 50


@torch.no_grad()
def test_coefficients_are_told_plane_by_plane() -> None:
    prior, (scales, _) = make_module().prior, transformed(crops(1, 64))
    coefficients = Coefficients.of(scales)
    told = [
        (bits, [v.clone() for v in values])
        for bits, values in coded(prior, Smooth(), coefficients, 3)
    ]
    lengths = code_lengths(prior, Smooth(), coefficients, 3)
    assert told[-1][0] == pytest.approx(float(lengths.bits.sum()), rel=1e-5)
    assert [bits for bits, _ in told] == sorted(bits for bits, _ in told)
    for scale in range(SCALES):
        found, true = told[-1][1][scale], scales[scale]
        is_told = coefficients.magnitudes[scale] >> 3 > 0
        assert not found[~is_told].any()
        assert (found - true)[is_told].abs().max() < 8 * 0.6 + 1e-3


def test_the_mean_of_curves() -> None:
    mean = MeanCurve()
    for value in (1.0, 4.0):
        mean.update(torch.full((len(RATES),), value))
    assert mean.compute().tolist() == [2.5] * len(RATES)
