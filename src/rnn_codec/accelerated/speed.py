"""What a training computes, and the largest batch that is of use."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch

from rnn_codec.codec import RecurrentCodec
from rnn_codec.complexity import TRAINING_FACTOR, count_macs

WORTH_IT = 1.1
"""A batch twice as large must train on so many times the images a second: it has half the steps."""
PATCH = 32


@dataclass(frozen=True)
class Probe:
    """A batch size, and how fast it trains."""

    batch_size: int
    images_per_second: float


def training_macs(codec: RecurrentCodec) -> Callable[[int, int], int]:
    """Multiply–accumulate operations of one crop in one training step.

    Returns:
        A function of the crop's side, a multiple of 32 pixels, and the number of iterations. They
        are counted here, on the processor: all iterations after the first cost the same.
    """
    codec, signal = deepcopy(codec).cpu(), torch.zeros(1, 3, PATCH, PATCH)
    one = count_macs(codec, lambda: codec.unroll(signal, 1))
    two = count_macs(codec, lambda: codec.unroll(signal, 2))

    def macs(crop_size: int, iterations: int) -> int:
        patches = crop_size**2 / PATCH**2
        return int(TRAINING_FACTOR * patches * (one + (iterations - 1) * (two - one)))

    return macs


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
