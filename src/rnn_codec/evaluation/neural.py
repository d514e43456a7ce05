"""Measure a recurrent codec over a data set."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from rnn_codec.codec import RecurrentCodec
from rnn_codec.evaluation.measurement import Measurement, measure
from rnn_codec.metrics.images import pixels_to_batch


def evaluate_codec(
    codec: RecurrentCodec,
    images: Iterable[tuple[str, NDArray[np.uint8]]],
    iterations: int,
    device: torch.device,
) -> Iterator[Measurement]:
    """Yield a measurement of each (name, (H, W, 3) uint8 pixels) after each iteration.

    The rate is that of the bits themselves, padding included: one image at a time, 1/8 bit per
    pixel and iteration where both sides are multiples of 16, more elsewhere. Reconstructions are
    rounded to 8 bits before they are measured. Raises `ImageTooSmallError` if a side is 160 pixels
    or less.
    """
    codec = codec.to(device)
    for name, pixels in images:
        codes = codec.encode(pixels_to_batch(pixels).to(device), iterations)
        bytes_an_iteration = codes.bits[0, 0].numel() // 8
        for iteration, decoded in enumerate(codec.decode(codes), start=1):
            shown = decoded[0].permute(1, 2, 0).cpu().numpy()
            yield measure(name, iteration, iteration * bytes_an_iteration, shown, pixels)
