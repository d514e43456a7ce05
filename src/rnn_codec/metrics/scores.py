"""The metrics: how each is computed, and how its scores are displayed.

Validation, records, tables and figures use only what is defined here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rnn_codec.metrics.ms_ssim import ms_ssim
from rnn_codec.metrics.psnr import HIGHEST_DECIBELS, psnr
from rnn_codec.metrics.psnr_hvs import psnr_hvs_colour, psnr_hvs_luma

DECIBELS = "dB"


@dataclass(frozen=True)
class Score:
    """A metric; higher is better."""

    function: Callable[[Tensor, Tensor], Tensor]
    """Takes two (B, 3, H, W) uint8 batches; returns (B,) float64."""
    title: str
    unit: str = DECIBELS
    """Unit of the scores; empty for a score in 0 … 1."""
    digits: int = 2
    in_documents: bool = True
    """Whether documents and figures show the metric, not only records, CSV and the page."""

    def __call__(self, image: Tensor, reference: Tensor) -> Tensor:
        """Score a batch."""
        return self.function(image, reference)

    @property
    def highest(self) -> float:
        """The score of identical images."""
        return HIGHEST_DECIBELS if self.unit == DECIBELS else 1.0

    def decibels(self, scores: ArrayLike) -> NDArray[np.float64]:
        """The scores in dB; those in 0 … 1 as −10 log10(1 − score), at most 60 dB.

        The logarithm spreads out scores near 1.

        >>> SCORES["ms_ssim"].decibels([0.9, 0.99]).round(6).tolist()
        [10.0, 20.0]
        """
        values = np.asarray(scores, dtype=float)
        if self.unit == DECIBELS:
            return values
        return -10 * np.log10(1 - np.minimum(values, 1 - 1e-6))


SCORES: dict[str, Score] = {
    "psnr": Score(psnr, "PSNR"),
    "ms_ssim": Score(ms_ssim, "MS-SSIM", unit="", digits=4),
    "psnr_hvs": Score(psnr_hvs_colour, "PSNR-HVS"),
    "psnr_hvs_luma": Score(psnr_hvs_luma, "PSNR-HVS luma", in_documents=False),
}
"""The metrics by their names in logs and records, in the order used there."""


def in_documents() -> dict[str, Score]:
    """The metrics that documents and figures show."""
    return {name: score for name, score in SCORES.items() if score.in_documents}
