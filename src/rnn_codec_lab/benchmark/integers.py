"""Measures how much longer wavelet codes get because the prior computes in integers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.families.wavelet.prior.arithmetic import Rounded, Smooth
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.prior.network import Prior
from rnn_codec.families.wavelet.training.coefficients import last_planes, padded, transformed


def integer_costs(
    prior: Prior, pictures: Iterable[tuple[str, NDArray[np.uint8]]], rates: Iterable[float]
) -> list[dict[str, Any]]:
    """Compare ideal code lengths of pictures in real and in integer arithmetic, with equal weights.

    Args:
        prior: the prior of the codec.
        pictures: names and pixels (H, W, 3).
        rates: bits per pixel; each picture is coded to the plane that takes it to about that rate.

    Returns:
        A row of bench.json for each rate: bits of all pictures in real numbers and in integers, and
        how much longer the latter are, in per cent.
    """
    totals = {rate: np.zeros(2) for rate in rates}
    for _, pixels in pictures:
        coefficients = _coefficients(pixels)
        for rate, total in totals.items():
            total += [_bits(prior, kind(), coefficients, rate) for kind in (Smooth, Rounded)]
    return [
        {
            "bits_per_pixel": rate,
            "real_bits": real,
            "integer_bits": integer,
            "longer_percent": 100 * (integer / real - 1),
        }
        for rate, (real, integer) in totals.items()
    ]


def _coefficients(pixels: NDArray[np.uint8]) -> Coefficients:
    image = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
    return Coefficients.of(transformed(padded(image))[0])


@torch.no_grad()
def _bits(prior: Prior, arithmetic: Smooth, coefficients: Coefficients, rate: float) -> float:
    last = int(last_planes(coefficients.magnitudes, rate))
    return float(code_lengths(prior, arithmetic, coefficients, last).bits.double().sum())
