"""PSNR-HVS: PSNR of 8×8 DCT coefficients weighted by the eye's contrast sensitivity.

The metric is that of Egiazarian et al., "New full-reference quality metrics based on HVS", VPQM
2006, with the sensitivity table of Ponomarenko et al., "On between-coefficient contrast masking of
DCT basis functions", VPQM 2007. It is PSNR-HVS, without the masking of PSNR-HVS-M. An image is cut
into 8×8 blocks that do not overlap, starting at the top left; blocks that do not fit are left out.
With C the orthonormal DCT of a block's difference and T the table, the error is the mean of (T C)²
over coefficients and blocks, and the score is 10 log10(255² / error) dB.

The literature applies it to luma or to colour, and scores differ by several dB between the two, so
each has its own function here. Toderici et al. 2017 cite yet another variant (Gupta et al. 2011),
so the paper's numbers cannot be compared with these.
"""

import math
from functools import cache

import torch
from torch import Tensor

from rnn_codec.metrics.images import check_pair
from rnn_codec.metrics.psnr import decibels

BLOCK = 8

CONTRAST_SENSITIVITY = (
    (1.608443, 2.339554, 2.573509, 1.608443, 1.072295, 0.643377, 0.504610, 0.421887),
    (2.144591, 2.144591, 1.838221, 1.354478, 0.989811, 0.443708, 0.428918, 0.467911),
    (1.838221, 1.979622, 1.608443, 1.072295, 0.643377, 0.451493, 0.372972, 0.459555),
    (1.838221, 1.513829, 1.169777, 0.887417, 0.504610, 0.295806, 0.321689, 0.415082),
    (1.429727, 1.169777, 0.695543, 0.459555, 0.378457, 0.236102, 0.249855, 0.334222),
    (1.072295, 0.735288, 0.467911, 0.402111, 0.317717, 0.247453, 0.227744, 0.279729),
    (0.525206, 0.402111, 0.329937, 0.295806, 0.249855, 0.212687, 0.214459, 0.254803),
    (0.357432, 0.279729, 0.270896, 0.262603, 0.229778, 0.257351, 0.249855, 0.259950),
)
"""Proportional to the inverse of JPEG's luminance quantisation table; rows: vertical frequency."""

LUMA_BT601 = (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Weights of Y − 16 for R, G, B in 0..255: limited range, 16..235, as in MATLAB's `rgb2ycbcr`
before rounding."""


def dct_matrix(size: int) -> Tensor:
    """The orthonormal DCT-II, (size, size) float64: row k holds frequency k."""
    frequency = torch.arange(size, dtype=torch.float64).unsqueeze(1)
    position = torch.arange(size, dtype=torch.float64)
    basis = torch.cos(math.pi / size * (position + 0.5) * frequency) * math.sqrt(2 / size)
    basis[0] /= math.sqrt(2)
    return basis


@cache
def _weighted_dct() -> Tensor:
    """Return the (64, 64) operator from a block, in raster order, to its weighted coefficients."""
    dct = dct_matrix(BLOCK)
    sensitivity = torch.tensor(CONTRAST_SENSITIVITY, dtype=torch.float64).reshape(-1, 1)
    return sensitivity * torch.kron(dct, dct)


def hvs_squared_error(difference: Tensor) -> Tensor:
    """The mean weighted squared error over all planes: (B, C, H, W) differences → (B,) float64.

    `difference` is in units of the range 0..255. Raises `ValueError` if a side is shorter than 8.
    """
    batch, planes, height, width = difference.shape
    rows, columns = height // BLOCK, width // BLOCK
    if rows == 0 or columns == 0:
        raise ValueError(f"PSNR-HVS needs sides of at least {BLOCK} pixels, not {width}×{height}")
    whole = difference[..., : rows * BLOCK, : columns * BLOCK].double()
    blocks = whole.reshape(batch, planes, rows, BLOCK, columns, BLOCK).transpose(3, 4)
    weighted = blocks.reshape(batch, -1, BLOCK * BLOCK) @ _weighted_dct().to(difference.device).T
    return weighted.square().mean(dim=(1, 2))


def psnr_hvs_luma(image: Tensor, reference: Tensor) -> Tensor:
    """PSNR-HVS of luma in dB: two (B, 3, H, W) uint8 batches → (B,) float64, at most 100.

    Luma is that of BT.601 with limited range (`LUMA_BT601`), unrounded; the peak is 255. See the
    module for the definition. Raises `TypeError` or `ValueError` for other dtypes or shapes.

    >>> black = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    >>> psnr_hvs_luma(black + 1, black)
    tensor([45.3246], dtype=torch.float64)
    """
    check_pair(image, reference)
    difference = image.double() - reference.double()
    weights = torch.tensor(LUMA_BT601, dtype=torch.float64, device=image.device)
    luma = torch.einsum("bchw,c->bhw", difference, weights).unsqueeze(1)
    return decibels(hvs_squared_error(luma))


def psnr_hvs_colour(image: Tensor, reference: Tensor) -> Tensor:
    """PSNR-HVS of RGB in dB: two (B, 3, H, W) uint8 batches → (B,) float64, at most 100.

    The error is averaged over the R, G and B planes, then converted to dB. See the module for the
    definition. Raises `TypeError` or `ValueError` for other dtypes or shapes.

    >>> black = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    >>> psnr_hvs_colour(black + 1, black)
    tensor([44.0027], dtype=torch.float64)
    """
    check_pair(image, reference)
    return decibels(hvs_squared_error(image.double() - reference.double()))
