"""What a training computes, and the largest batch that is of use."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from rnn_codec.codec import RecurrentCodec
from rnn_codec.complexity import TRAINING_FACTOR, count_macs

WORTH_IT = 1.03
"""A batch twice as large must train on so many times the images a second."""


@dataclass(frozen=True)
class Probe:
    """A batch size, and how fast it trains."""

    batch_size: int
    images_per_second: float


def training_macs(codec: RecurrentCodec, crop_size: int, iterations: int) -> int:
    """Multiply–accumulate operations of one crop in one training step."""
    device = next(codec.parameters()).device
    signal = torch.zeros(1, 3, crop_size, crop_size, device=device)
    return TRAINING_FACTOR * count_macs(codec, lambda: codec.unroll(signal, iterations))


def largest_useful_batch(
    smallest: int, largest: int, images_per_second: Callable[[int], float]
) -> list[Probe]:
    """Double the batch as long as it fits and pays; the last one that did is the best.

    Args:
        smallest: the first batch size that is tried.
        largest: no larger one is.
        images_per_second: trains some steps with a batch size; raises `torch.OutOfMemoryError`
            where it does not fit.

    Returns:
        What was tried and fitted, the best last.

    Example:
        >>> speeds = {8: 100.0, 16: 180.0, 32: 183.0}
        >>> [probe.batch_size for probe in largest_useful_batch(8, 64, speeds.__getitem__)]
        [8, 16]
    """
    found = [Probe(smallest, images_per_second(smallest))]
    while (batch_size := 2 * found[-1].batch_size) <= largest:
        try:
            probe = Probe(batch_size, images_per_second(batch_size))
        except torch.OutOfMemoryError:
            break
        if probe.images_per_second < WORTH_IT * found[-1].images_per_second:
            break
        found.append(probe)
    return found
