"""The mean of a score over a data set, for each iteration of a progressive codec."""

from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import Metric


class PerIterationMean(Metric):
    """The mean over images of `score` after each of `iterations` iterations.

    The states are sums and counts, both summed over processes. So under DDP the mean is that over
    all images, even if processes saw different numbers of them.

    >>> from rnn_codec.metrics.psnr import psnr
    >>> mean = PerIterationMean(psnr, iterations=2)
    >>> black = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    >>> mean.update(0, black + 2, black)
    >>> mean.update(1, black + 1, black)
    >>> mean.compute()
    tensor([42.1102, 48.1308], dtype=torch.float64)
    """

    total: Tensor
    count: Tensor

    def __init__(self, score: Callable[[Tensor, Tensor], Tensor], iterations: int) -> None:
        """Take a function of two uint8 batches (B, 3, H, W) that returns (B,) scores."""
        super().__init__()
        self.score = score
        zeros = torch.zeros(iterations, dtype=torch.float64)
        self.add_state("total", zeros, dist_reduce_fx="sum")
        self.add_state("count", zeros.long(), dist_reduce_fx="sum")

    def update(self, iteration_index: int, reconstruction: Tensor, original: Tensor) -> None:
        """Add the reconstructions after iteration `iteration_index`, counted from 0.

        Both batches are uint8, (B, 3, H, W).
        """
        scores = self.score(reconstruction, original)
        self.total[iteration_index] += scores.sum()
        self.count[iteration_index] += scores.numel()

    def compute(self) -> Tensor:
        """Return the means, (iterations,) float64; NaN where an iteration saw no image."""
        return self.total / self.count
